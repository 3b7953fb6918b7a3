"""What does the kill switch let leave, what does it tell the engine and the core, and what does it keep?"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from bridge.wire.messages import CancelOrder, CommandReply, MassCancel, NewOrder, ReplaceOrder
from bridge.wire.vocabulary import MassCancelScope, OrderType, ReplyOutcome, Side, TimeInForce
from orders.bridge.intake import Intake
from orders.bridge.kill_files import DIRECTORY, KillFiles
from orders.bridge.kill_switch import FIRST_SEQ, KillSwitch, as_restriction
from orders.core.inputs import Halt, Tick
from orders.core.scopes import Scope
from orders.core.trading_states import Restriction, TradingState
from orders.requests import SetTradingState, WantedState
from tests.orders.core.desk import E8, INSTRUMENTS

SESSION, NOW_US = 7, 1_795_000_000_000_000
COMMAND: dict[str, Any] = {"session": SESSION, "command_seq": 1, "deadline_us": NOW_US + 1}
ORDER: dict[str, Any] = {**COMMAND, "order_id": uuid.UUID(int=1), "account": "ann", "client_order_id": "a-1"}
NEW = NewOrder(
    **ORDER,
    desk="alpha",
    instrument_id=INSTRUMENTS["AAPL"].instrument_id,
    side=Side.BUY,
    order_type=OrderType.MARKET,
    time_in_force=TimeInForce.DAY,
    quantity_e8=E8,
)
REPLACE, CANCEL = ReplaceOrder(**ORDER, quantity_e8=E8), CancelOrder(**ORDER)


def halt(scope: Scope = Scope.FIRM, engine_name: str = "", **more: Any) -> WantedState:
    plain = {"state": TradingState.HALTED, "reason": "a test", "user_name": "eve", "at_us": NOW_US, **more}
    return WantedState(id=uuid.uuid4(), scope=scope, key=engine_name, engine_name=engine_name, **plain)


class Switch:
    """The switch of one bridge; `sent` is what the link took, `full` says that it takes nothing."""

    def __init__(self, data_dir: Path, in_force: Sequence[Restriction] = ()) -> None:
        self.sent: list[MassCancel] = []
        self.full = False
        self.intake, self.files = Intake(), KillFiles(data_dir)
        self.switch = KillSwitch(
            self.files, self.intake, self._send, session=SESSION, clock_us=lambda: NOW_US, in_force=in_force
        )

    def _send(self, message: MassCancel) -> bool:
        if not self.full:
            self.sent.append(message)
        return not self.full

    def kill(self, wanted: WantedState) -> bool:
        return self.switch.asked(SetTradingState(request_id=1, deadline_us=0, wanted=wanted)).recorded

    def stops(self, *messages: object) -> list[bool]:
        return [self.switch.stops(message, INSTRUMENTS) for message in messages]

    @property
    def told(self) -> list[tuple[str, str | None]]:
        return [(message.scope.value, message.target) for message in self.sent]


@pytest.fixture
def one(tmp_path: Path) -> Switch:
    return Switch(tmp_path)


@pytest.mark.parametrize(
    ("scope", "name"), [(Scope.FIRM, ""), (Scope.DESK, "alpha"), (Scope.USER, "ann"), (Scope.SYMBOL, "AAPL")]
)
def test_nothing_new_of_what_is_halted_leaves(one: Switch, scope: Scope, name: str) -> None:
    one.kill(halt(scope, name))
    assert one.stops(NEW, CANCEL) == [True, False]


@pytest.mark.parametrize(
    ("scope", "name"), [(Scope.DESK, "beta"), (Scope.USER, "bob"), (Scope.SYMBOL, "IBM"), (Scope.SYMBOL, "NONE")]
)
def test_what_is_not_halted_leaves(one: Switch, scope: Scope, name: str) -> None:
    one.kill(halt(scope, name))
    assert one.stops(NEW, REPLACE) == [False, False]


def test_changes_of_a_halted_user_do_not_leave(one: Switch) -> None:
    one.kill(halt(Scope.USER, "ann"))
    assert one.stops(REPLACE) == [True]


def test_the_engine_is_told_once_each_with_numbers_of_their_own(one: Switch) -> None:
    one.kill(halt(Scope.DESK, "alpha"))
    one.kill(halt(Scope.FIRM))
    assert one.told == [("desk", "alpha"), ("firm", None)]
    assert [message.command_seq for message in one.sent] == [FIRST_SEQ, FIRST_SEQ + 1]


def test_the_core_is_handed_the_kill_first_and_once(one: Switch) -> None:
    wanted = halt()
    one.kill(wanted)
    one.kill(wanted)
    assert one.intake.take(0.0) == [Halt(wanted)]


def test_a_kill_that_could_not_be_written_comes_first_again(one: Switch) -> None:
    first, second = halt(), halt()
    one.intake.offer_first([Halt(second)])
    one.intake.give_back([Tick(), Halt(first)])
    taken = one.intake.take(0.0)
    assert taken[0] == Halt(first) and taken[-1] == Tick()


def test_it_is_on_the_disk_when_it_is_answered_and_gone_once_the_tables_have_it(one: Switch) -> None:
    wanted = halt()
    assert one.kill(wanted) and one.files.kept() == [wanted]
    one.switch.heed([wanted.id], [as_restriction(wanted)])
    assert one.files.kept() == [] and one.stops(NEW) == [True]
    one.switch.heed([], [])
    assert one.stops(NEW) == [False]


def test_a_release_does_not_open_what_was_killed_again_meanwhile(one: Switch) -> None:
    first, second = halt(), halt()
    one.kill(first)
    one.switch.heed([first.id], [as_restriction(first)])
    one.kill(second)
    one.switch.heed([], [])  # the release of the first one is committed only now
    assert one.stops(NEW) == [True] and [each.state for each in one.switch.view()] == [TradingState.HALTED]


def test_a_new_session_of_the_engine_is_told_again(one: Switch) -> None:
    booked, pending = halt(Scope.DESK, "alpha"), halt(Scope.SYMBOL, "AAPL")
    one.kill(booked)
    one.switch.heed([booked.id], [as_restriction(booked)])
    one.kill(pending)
    one.sent.clear()
    one.switch.welcomed()
    assert one.told == [("desk", "alpha"), ("symbol", "AAPL")]


def test_what_the_network_does_not_take_is_handed_over_in_the_next_turn(one: Switch) -> None:
    one.full = True
    one.kill(halt())
    assert one.sent == []
    one.full = False
    one.switch.tick()
    assert one.told == [("firm", None)]


def test_of_a_shared_account_nothing_new_leaves_until_the_core_knows_better_and_nothing_is_cancelled(
    one: Switch,
) -> None:
    wanted = halt(Scope.USER, "ann", shared=True)
    one.kill(wanted)
    assert one.stops(NEW) == [True] and one.sent == []
    one.switch.heed([wanted.id], [as_restriction(wanted)])
    assert one.stops(NEW) == [False]


def test_the_next_bridge_finds_the_file_before_anything_else(one: Switch, tmp_path: Path) -> None:
    wanted = halt()
    one.kill(wanted)
    after = Switch(tmp_path)
    assert after.stops(NEW) == [True] and after.intake.take(0.0) == [Halt(wanted)]


def test_a_disk_that_takes_nothing_hinders_no_kill(tmp_path: Path) -> None:
    (tmp_path / DIRECTORY).write_text("not a directory")
    one = Switch(tmp_path)
    assert not one.kill(halt())
    assert one.stops(NEW) == [True] and one.told == [("firm", None)]


def test_a_file_that_cannot_be_read_is_put_aside_and_told(one: Switch, caplog: pytest.LogCaptureFixture) -> None:
    one.kill(halt())
    (path,) = one.files.directory.glob("*.json")
    path.write_bytes(b'{"half": ')
    assert one.files.kept() == [] and not path.exists()
    assert [record for record in caplog.records if vars(record).get("alarm") and record.levelname == "ERROR"]


def test_answers_to_mass_cancels_are_not_the_cores(one: Switch) -> None:
    def answer(seq: int) -> CommandReply:
        told: dict[str, Any] = {"outcome": ReplyOutcome.ACCEPTED, "epoch": 1, "last_seq": 1, "canceled": 3}
        return CommandReply(session=SESSION, command_seq=seq, received_at_us=NOW_US, sent_at_us=NOW_US, **told)

    answers = [answer(FIRST_SEQ), answer(5)]
    assert [one.switch.is_answer(answer) for answer in answers] == [True, False]


def test_every_scope_has_its_word() -> None:
    assert {MassCancelScope(scope) for scope in ("firm", "desk", "account", "symbol")} == set(MassCancelScope)
