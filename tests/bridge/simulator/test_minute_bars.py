"""Bars of a minute's trades; two pullers share them, none at all loses them countedly."""

from __future__ import annotations

import zmq

from bridge.simulator.listings import Listing
from bridge.simulator.minute_bars import MINUTE_US, MinuteBars, WorkSender
from bridge.sockets.options import configure
from bridge.wire.codec import decode_bar
from bridge.wire.market import Trade
from bridge.wire.messages import Bar
from tests.bridge.simulator.room import Tape
from tests.bridge.waiting import until

LISTING = Listing(1, "AAA", "XNAS")


def bars_of(*trades: tuple[int, int, int]) -> MinuteBars:
    """(second, price, size) of each trade."""
    bars = MinuteBars(Tape(), 1)
    for number, (second, price, size) in enumerate(trades, 1):
        bars.trade(LISTING, Trade(1, 1, number, second * 1_000_000, price, size))
    return bars


def numbers(bar: Bar) -> tuple[int, ...]:
    return bar.start_us // MINUTE_US, bar.open_e8, bar.high_e8, bar.low_e8, bar.close_e8, bar.volume_e8


def test_a_bar_holds_the_trades_of_its_minute() -> None:
    bars = bars_of((0, 10, 1), (30, 14, 2), (40, 8, 3), (59, 9, 4), (60, 20, 5))
    assert [numbers(bar) for bar in bars.take_finished(2 * MINUTE_US)] == [
        (0, 10, 14, 8, 9, 10),
        (1, 20, 20, 20, 20, 5),
    ]
    assert bars.take_finished(2 * MINUTE_US) == []


def test_a_bar_is_not_finished_before_its_minute_is() -> None:
    bars = bars_of((0, 10, 1))
    assert bars.take_finished(MINUTE_US - 1) == []
    assert len(bars.take_finished(MINUTE_US)) == 1


def test_a_minute_without_trades_has_no_bar() -> None:
    assert bars_of().take_finished(10 * MINUTE_US) == []


def test_two_pullers_split_the_stream(context: zmq.Context) -> None:
    push = configure(context.socket(zmq.PUSH), hwm=100)
    port = push.bind_to_random_port("tcp://127.0.0.1")
    pullers = [configure(context.socket(zmq.PULL), hwm=100) for _ in range(2)]
    for puller in pullers:
        puller.connect(f"tcp://127.0.0.1:{port}")
    sender, got = WorkSender(push), [[], []]  # type: ignore[var-annotated]
    template = bars_of((0, 10, 1)).take_finished(MINUTE_US)[0]

    def both_are_served() -> bool:
        sender.send([template])
        for puller, bars in zip(pullers, got, strict=True):
            while puller.poll(0):
                bars.append(decode_bar(puller.recv_multipart()))
        return bool(got[0] and got[1])

    until(both_are_served, "both pullers get bars")
    assert all(bar == template for bars in got for bar in bars)


def test_without_a_puller_bars_are_dropped_and_counted(context: zmq.Context) -> None:
    push = configure(context.socket(zmq.PUSH), hwm=100)
    push.bind_to_random_port("tcp://127.0.0.1")
    sender = WorkSender(push)
    sender.send(bars_of((0, 10, 1)).take_finished(MINUTE_US))
    assert sender.dropped == 1
