"""A long script of commands, and what an engine makes of it, without what differs from run to run."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import msgspec

from bridge.wire.messages import (
    Command,
    CommandReply,
    ExecutionReport,
    OrderList,
    OrderListRequest,
    OrderStatus,
    OrderStatusRequest,
)
from bridge.wire.vocabulary import MassCancelScope, TimeInForce
from tests.bridge.simulator.peer import Peer
from tests.bridge.simulator.room import E8, LATER_US, cancel, mass_cancel, new_order, replace, status
from tests.bridge.waiting import until

CENT_E8 = 1_000_000
PRICES = range(9_990, 10_011)  #: in ticks: so few that orders meet
#: What stands there at the start is taken away, so that users alone trade with each other.
SWEEPS = (new_order("sweep-buy", "buy", 10**6, None), new_order("sweep-sell", "sell", 10**6, None))
RUNNING = {"epoch", "receivedAtUs", "sentAtUs", "execId", "externalOrderId", "transactedAtUs", "reason"}
#: How much stood there at the start differs between the engines.
SIZES = {"cumQuantityE8", "leavesQuantityE8", "lastQuantityE8"}
Answer: TypeAlias = CommandReply | OrderStatus | OrderList


def dealings(seed: int, count: int) -> list[Command]:
    """Orders of every type and time in force, changes, cancels and questions about any of them."""
    pick = random.Random(seed)
    kinds = pick.choices(KINDS, WEIGHTS, k=count)
    script = [*SWEEPS, *(kind(pick, number) for number, kind in enumerate(kinds))]
    return [msgspec.structs.replace(command, command_seq=number) for number, command in enumerate(script, 1)]


def placed(pick: random.Random, number: int) -> Command:
    tif = pick.choice(list(TimeInForce))
    more: dict[str, Any] = {"time_in_force": tif, "account": "acc", "desk": pick.choice([None, "alpha"])}
    more |= {"expires_at_us": LATER_US + number} if tif is TimeInForce.GTD else {}
    more |= {"stop": pick.choice(PRICES)} if pick.random() < 0.3 else {}
    price = None if pick.random() < 0.2 else pick.choice(PRICES)
    return new_order(f"n{number}", pick.choice(["buy", "sell"]), pick.randint(1, 50), price, **more)


def off_the_steps(pick: random.Random, number: int) -> Command:
    changes = [{"price_e8": 12_345}, {"quantity_e8": 12_345}, {"instrument_id": 99}, {"deadline_us": 1}]
    return new_order(f"x{number}", **pick.choice([*changes, {"quantity_e8": 2 * 10**17}]))


def earlier(pick: random.Random, number: int) -> str:
    """Mostly an order that was placed, sometimes one that never was."""
    return f"n{pick.randrange(max(number, 1))}"


def changed(pick: random.Random, number: int) -> Command:
    change: dict[str, Any] = {}
    while not change:
        change |= {"quantity_e8": pick.randint(1, 60) * E8} if pick.random() < 0.5 else {}
        change |= {"price_e8": pick.choice(PRICES) * CENT_E8} if pick.random() < 0.5 else {}
        change |= {"stop_price_e8": pick.choice(PRICES) * CENT_E8} if pick.random() < 0.2 else {}
    return replace(earlier(pick, number), **change)


def ended(pick: random.Random, number: int) -> Command:
    return cancel(earlier(pick, number))


def repeated(pick: random.Random, number: int) -> Command:
    return new_order(earlier(pick, number))


def asked(pick: random.Random, number: int) -> OrderStatusRequest:
    return status(earlier(pick, number))


def listed(pick: random.Random, number: int) -> OrderListRequest:
    return OrderListRequest(session=1, command_seq=1, deadline_us=LATER_US)


def swept(pick: random.Random, number: int) -> Command:
    scopes = [("firm", None), ("desk", "alpha"), ("account", "acc"), ("symbol", "SYM001"), ("symbol", "SYM002")]
    scope, target = pick.choice(scopes)
    return mass_cancel(MassCancelScope(scope), target)


KINDS: tuple[Callable[[random.Random, int], Any], ...] = (
    placed,
    off_the_steps,
    changed,
    ended,
    repeated,
    asked,
    listed,
    swept,
)
WEIGHTS = (60, 5, 20, 8, 3, 5, 2, 1)


def outcomes(peer: Peer, commands: Sequence[Command]) -> list[dict[str, Any]]:
    """Everything that the engine says of the commands, in order."""
    peer.say(*commands)
    until(lambda: peer.read() or len([one for one in peer.messages if isinstance(one, Answer)]) == len(commands))
    return [told(message) for message in peer.messages if isinstance(message, Answer | ExecutionReport)]


def told(message: Answer | ExecutionReport) -> dict[str, Any]:
    """The message without what belongs to the run; of the sweeps only that they took place."""
    fields = {"type": type(message).__name__} | msgspec.to_builtins(message)
    for order in fields.get("orders", ()):
        order.pop("externalOrderId")
    sweep = str(fields.get("clientOrderId", "")).startswith("sweep")
    return {name: value for name, value in fields.items() if name not in (RUNNING | SIZES if sweep else RUNNING)}
