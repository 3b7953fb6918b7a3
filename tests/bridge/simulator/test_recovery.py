"""After a crash the engine knows what it had said, and stands where it stood."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.simulator.actions import Take
from bridge.simulator.journal import FILE_NAME, JournalFault, RecordKind
from bridge.simulator.listings import Listing
from bridge.wire.codec import encode
from bridge.wire.messages import Command
from bridge.wire.vocabulary import MassCancelScope, ReplyOutcome
from tests.bridge.simulator.room import E8, QuietMarket, Room, ask, bid, cancel, mass_cancel, new_order, replace, status

CENT = 1_000_000


def send(room: Room, command: Command) -> object:
    """As the reception does it: journal, then answer; one commit a command."""
    header, payload = encode(command)
    room.journal.append(RecordKind.COMMAND, room.now_us, command.session, (header, payload))
    answer = room.send(command)
    room.journal.commit(room.now_us)
    return answer


def crashed(room: Room) -> Path:
    """What `kill -9` leaves: the file as it is."""
    return room.journal.path.parent


def test_open_orders_stand_again_with_what_is_left_of_them(tmp_path: Path) -> None:
    first = Room(tmp_path)
    first.act(ask("a", 10_000, 30))
    send(first, new_order("x", quantity=100))
    send(first, new_order("y", "sell", 10, 10_100))
    send(first, new_order("gone"))
    send(first, cancel("gone"))
    second = Room(crashed(first), now_us=2_000)
    assert second.book() == ([(10_000, 70)], [(10_100, 10)])
    assert second.reports == []


def test_the_queue_is_as_it_was(tmp_path: Path) -> None:
    first = Room(tmp_path)
    for name in ("a", "b", "c"):
        send(first, new_order(name, quantity=10))
    send(first, replace("a", quantity_e8=20 * E8))
    send(first, replace("b", quantity_e8=5 * E8))
    second = Room(crashed(first), now_us=2_000)
    second.act(Take(False, 16))
    assert [(report.client_order_id, report.last_quantity_e8 // E8) for report in second.reports] == [
        ("b", 5),
        ("c", 10),
        ("a", 1),
    ]


def test_ids_are_known_for_ever(tmp_path: Path) -> None:
    first = Room(tmp_path)
    before = send(first, new_order("x"))
    send(first, cancel("x"))
    second = Room(crashed(first), now_us=2_000)
    reply = second.new("x")
    assert reply.outcome is ReplyOutcome.DUPLICATE
    assert reply.external_order_id == before.external_order_id  # type: ignore[attr-defined]
    assert second.send(status("x")).status == "canceled"


def test_each_start_is_a_later_epoch_even_when_the_clock_went_back(tmp_path: Path) -> None:
    epochs = [Room(tmp_path, now_us=now_us).log.epoch for now_us in (5_000, 4_000, 9_000)]
    assert epochs == [5_000, 5_001, 9_000]


def test_reports_of_all_epochs_can_be_replayed(tmp_path: Path) -> None:
    first = Room(tmp_path)
    send(first, new_order("x"))
    second = Room(crashed(first), now_us=2_000)
    send(second, new_order("y"))
    third = Room(crashed(second), now_us=3_000)
    kept = [third.log.frames(index) for index in range(len(third.log))]
    assert kept == first.frames + second.frames


def test_what_was_asked_for_but_never_committed_never_was(tmp_path: Path) -> None:
    first = Room(tmp_path)
    send(first, new_order("x"))
    header, payload = encode(new_order("lost"))
    first.journal.append(RecordKind.COMMAND, 1, 1, (header, payload))
    first.new("lost")
    second = Room(crashed(first), now_us=2_000)
    assert not second.send(status("lost")).known
    assert second.new("lost").outcome is ReplyOutcome.ACCEPTED


def test_a_rebuilt_order_that_the_market_now_crosses_trades(tmp_path: Path) -> None:
    first = Room(tmp_path)
    send(first, new_order("x", quantity=50))
    second = Room(crashed(first), now_us=2_000)
    second.act(ask("a", 9_990, 80))
    assert second.said("x") == ["trade"]


def test_stops_wait_again_and_triggered_ones_stay_triggered(tmp_path: Path) -> None:
    first = Room(tmp_path)
    first.act(bid("b", 9_990, 10))
    send(first, new_order("waits", "sell", 50, 9_900, stop=9_980))
    send(first, new_order("triggered", "sell", 50, 9_992, stop=9_995))
    first.act(Take(False, 1))
    first.journal.commit(1_000)
    second = Room(crashed(first), now_us=2_000)
    assert second.book() == ([], [(9_992, 50)])
    second.act(bid("b", 9_980, 100))
    second.act(Take(False, 1))
    assert second.said("waits") == ["trade"]


def test_an_order_of_an_instrument_that_is_gone_is_cancelled(tmp_path: Path) -> None:
    first = Room(tmp_path)
    send(first, new_order("x"))
    second = Room(crashed(first), QuietMarket(listings=(Listing(1, "ZZZ", "XNAS"),)), now_us=2_000)
    assert second.said("x") == ["canceled"]


def test_an_instrument_may_have_another_number_in_the_next_run(tmp_path: Path) -> None:
    first = Room(tmp_path)
    send(first, new_order("x", quantity=50))
    listings = (Listing(1, "BBB", "XNYS"), Listing(2, "AAA", "XNAS"))
    second = Room(crashed(first), QuietMarket(listings=listings), now_us=2_000)
    assert (second.book(1), second.book(2)) == (([], []), ([(10_000, 50)], []))


def test_a_report_of_an_order_that_nobody_sent_stops_the_start(tmp_path: Path) -> None:
    first = Room(tmp_path)
    first.new("x")
    first.journal.commit(1)
    with pytest.raises(JournalFault):
        Room(crashed(first), now_us=2_000)


NAMES = st.sampled_from(["a", "b", "c", "d", "e"])
STEPS = st.one_of(
    st.builds(new_order, NAMES, st.sampled_from(["buy", "sell"]), st.integers(1, 30), st.integers(9_995, 10_005)),
    st.builds(cancel, NAMES),
    st.builds(lambda name, shares: replace(name, quantity_e8=shares * E8), NAMES, st.integers(1, 40)),
    st.builds(lambda name, ticks: replace(name, price_e8=ticks * CENT), NAMES, st.integers(9_995, 10_005)),
    st.just(mass_cancel(MassCancelScope.SYMBOL, "AAA")),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(STEPS, max_size=25), st.integers(0, 200))
def test_whatever_happened_the_next_life_has_the_same_book(
    tmp_path_factory: pytest.TempPathFactory, steps: list[Command], torn: int
) -> None:
    """Books, queues and ids of the next life are those of the last, also when the disk tore the last pass."""
    first = Room(tmp_path_factory.mktemp("life"))
    for step in steps:
        send(first, step)
    (first.journal.path.parent / FILE_NAME).open("ab").write(b"\x00" * torn)
    second = Room(crashed(first), now_us=2_000)
    assert second.book() == first.book()
    assert [queue(second, buy) for buy in (True, False)] == [queue(first, buy) for buy in (True, False)]
    assert [second.send(status(name)).status for name in "abcde"] == [
        first.send(status(name)).status for name in "abcde"
    ]


def queue(room: Room, buy: bool) -> list[tuple[int, list[str]]]:
    side = room.exchange.boards[1].matcher.side(buy=buy)
    return [
        (ticks, [order.owner.client_order_id for order in level.orders])  # type: ignore[attr-defined]
        for ticks, level in sorted(side.levels.items())
    ]
