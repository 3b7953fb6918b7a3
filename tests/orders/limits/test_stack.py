"""Does a running stack hold orders to a limit once it is approved, and keep others until somebody decides?"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

import httpx
import pytest

from tests.accounts.signatures.program import Program, as_body
from tests.orders.limits.staff import MARKED, SIGNING, staff_tokens
from tests.scoreboard import Measured
from tests.stack import Stack, wait_for

Ask = Callable[[str], httpx.Client]


@pytest.fixture(scope="module")
def told(stack: Stack) -> dict[str, str]:
    return staff_tokens(stack.data_dir)


@pytest.fixture(scope="module")
def ask(stack: Stack, told: dict[str, str]) -> Iterator[Ask]:
    """`ask("desk1").get("/limits")`"""
    with ExitStack() as opened:
        clients = {
            name: opened.enter_context(
                httpx.Client(base_url=stack.api, headers={"Authorization": f"Bearer {token}"}, timeout=15)
            )
            for name, token in told.items()
            if name not in ("key", "private")
        }
        yield lambda name: clients[name]


def order(**changes: Any) -> dict[str, Any]:
    plain = {"symbol": "IBM", "side": "buy", "orderType": "limit", "quantity": "10", "price": "1.00"}
    return {"clientOrderId": uuid.uuid4().hex, **plain, **changes}


def agreed(ask: Ask, **limit: Any) -> dict[str, Any]:
    """Proposed by the admin, approved by compliance."""
    proposal = ask("admin1").post("/limits", json={"breach": "deny", "note": "A test.", **limit})
    assert proposal.status_code == 202, proposal.text
    approval = ask("compliance1").post(f"/limits/{proposal.json()['id']}/decision", json={"decision": "approve"})
    assert approval.status_code == 200, approval.text
    found: dict[str, Any] = approval.json()
    return found


def ended(ask: Ask, limit: dict[str, Any]) -> None:
    end = ask("admin1").delete(f"/limits/{limit['id']}").json()
    assert ask("compliance1").post(f"/limits/{end['id']}/decision", json={"decision": "approve"}).status_code == 200


def placed(ask: Ask, name: str, **changes: Any) -> httpx.Response:
    return ask(name).post("/orders", json=order(**changes), headers={"Prefer": "wait=5"})


def test_a_limit_holds_when_its_approval_is_answered_and_no_longer_than_its_end(ask: Ask, measured: Measured) -> None:
    assert placed(ask, "trader1").status_code == 201
    limit = agreed(ask, rule="max_order_quantity", scope="user", target="trader1", value="5")
    refused = [placed(ask, "trader1") for _ in range(5)]
    assert [answer.status_code for answer in refused] == [422] * 5
    broken = refused[0].json()["rules"][0]
    assert (broken["rule"], broken["value"], broken["limit"], broken["hard"]) == ("max_order_quantity", "10", "5", True)
    assert refused[0].json()["order"]["status"] == "denied"
    assert placed(ask, "trader2").status_code == 201
    ended(ask, limit)
    assert placed(ask, "trader1").status_code == 201
    taken = sum(answer.status_code == 201 for answer in refused)
    measured(14, "orders over a limit that were taken right after its approval, of 5", taken, "0")


def test_a_symbol_that_is_restricted_is_traded_by_nobody_of_the_desk(ask: Ask) -> None:
    limit = agreed(ask, rule="restricted", scope="desk", target="alpha", symbol="FB")
    assert [placed(ask, name, symbol="FB").json()["code"] for name in ("trader1", "desk1")] == ["RESTRICTED"] * 2
    assert placed(ask, "trader1").status_code == 201
    ended(ask, limit)


def test_of_orders_that_race_for_the_last_place_no_more_are_taken_than_the_limit_allows(ask: Ask) -> None:
    already = len(ask("trader2").get("/orders?status=open").json()["items"])
    limit = agreed(ask, rule="max_open_orders", scope="user", target="trader2", value=str(already + 3))
    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(lambda _: placed(ask, "trader2").status_code, range(16)))
    ended(ask, limit)
    assert (statuses.count(201), statuses.count(422)) == (3, 13)


def test_who_is_bound_by_a_limit_sees_it_and_nobody_else_does(ask: Ask) -> None:
    own = [each["target"] for each in ask("trader1").get("/limits").json()["items"] if each["scope"] == "user"]
    assert set(own) == {"trader1"}
    heads = {each["target"] for each in ask("desk1").get("/limits?scope=user").json()["items"]}
    assert heads == {"trader1", "trader2", "desk1"}


# Orders that wait for a second person --------------------------------------------------------------------------------
def waiting(ask: Ask, name: str) -> list[str]:
    return [each["id"] for each in ask(name).get("/orders/approvals").json()["items"]]


def decide(ask: Ask, name: str, order_id: str, decision: str = "approve") -> httpx.Response:
    return ask(name).post(f"/orders/{order_id}/decision", json={"decision": decision, "note": "Seen."})


def held(ask: Ask) -> str:
    """The id of an order of the marked trader, who is not waited for."""
    told = ask(MARKED).post("/orders", json=order()).json()
    assert (told["status"], told["reason"]) == ("pending_new", "AWAITING_APPROVAL")
    return str(told["id"])


def status(ask: Ask, order_id: str) -> str:
    return str(ask(MARKED).get(f"/orders/{order_id}").json()["status"])


def test_the_head_of_the_desk_lets_a_marked_traders_order_go(ask: Ask) -> None:
    order_id = held(ask)
    assert order_id in waiting(ask, "desk1") and order_id in waiting(ask, "compliance1")
    answer = decide(ask, "desk1", order_id)
    assert (answer.status_code, answer.json()["id"]) == (200, order_id)
    wait_for(lambda: status(ask, order_id) == "new", 10, "the engine's word")
    assert order_id not in waiting(ask, "desk1")
    story = ask(MARKED).get(f"/orders/{order_id}/history").json()["items"]
    assert [each["kind"] for each in story[:2]] == ["order_held", "order_released"]
    assert story[1]["statusDetails"]["decidedBy"] == "desk1"
    assert decide(ask, "compliance1", order_id).status_code == 409


def test_a_refused_order_ends_and_was_never_sent(ask: Ask) -> None:
    order_id = held(ask)
    answer = decide(ask, "compliance1", order_id, "refuse")
    assert (answer.status_code, answer.json()["status"]) == (200, "denied")
    assert answer.json()["externalOrderId"] is None
    assert answer.json()["lastEventId"] == ask("compliance1").get("/events?since=0").json()["lastEventId"]


def test_of_two_who_decide_at_once_one_decides(ask: Ask) -> None:
    order_id = held(ask)
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda name: decide(ask, name, order_id), ["desk1", "compliance1"]))
    assert sorted(answer.status_code for answer in answers) == [200, 409]


def test_nobody_decides_on_his_own_order_and_no_trader_on_any(ask: Ask) -> None:
    limit = agreed(ask, rule="max_order_quantity", scope="user", target="desk1", value="5", breach="approve")
    own = placed(ask, "desk1").json()["id"]
    ended(ask, limit)
    assert own not in waiting(ask, "desk1")
    answer = decide(ask, "desk1", own)
    assert (answer.status_code, answer.json()["code"]) == (403, "SECOND_PERSON_REQUIRED")
    assert decide(ask, "trader2", own).json()["code"] == "FORBIDDEN"
    assert ask("trader2").get("/orders/approvals").status_code == 403
    assert decide(ask, "compliance1", own).status_code == 200


@pytest.mark.parametrize(
    "body", [{}, {"decision": "maybe"}, {"decision": "approve", "note": "two\nlines"}, {"decision": "approve", "by": 1}]
)
def test_a_decision_that_is_none_is_422(ask: Ask, body: dict[str, Any]) -> None:
    assert ask("desk1").post(f"/orders/{uuid.uuid4()}/decision", json=body).status_code == 422


def test_an_order_beyond_ones_reach_is_not_there(ask: Ask) -> None:
    assert decide(ask, "desk1", str(uuid.uuid4())).status_code == 404


# A kill by who must sign ---------------------------------------------------------------------------------------------
KILL = {"scope": "user", "target": SIGNING, "state": "halted", "reason": "A test."}


@pytest.fixture(scope="module")
def program(told: dict[str, str]) -> Program:
    return Program(bytes.fromhex(told["private"]), told["key"])


def kills(ask: Ask, body: bytes, headers: dict[str, str]) -> httpx.Response:
    plain = {"Content-Type": "application/json"}
    return ask(SIGNING).post("/trading-state", content=body, headers={**plain, **headers})


def signed(stack: Stack, program: Program, body: bytes, **said: Any) -> dict[str, str]:
    return program.headers("POST", f"{stack.api}/trading-state", body, **said)


@pytest.mark.parametrize(
    ("how", "status", "code"),
    [
        ("unsigned", 403, "SIGNATURE_REQUIRED"),
        ("with a bad signature", 401, "SIGNATURE_INVALID"),
        ("signed 31 s ago", 401, "SIGNATURE_EXPIRED"),
        ("changed by a byte", 401, "SIGNATURE_INVALID"),
    ],
)
def test_a_kill_that_is_not_well_signed_is_refused(
    stack: Stack, ask: Ask, program: Program, how: str, status: int, code: str, measured: Measured
) -> None:
    body = as_body(KILL)
    headers = {
        "unsigned": {},
        "with a bad signature": signed(stack, Program(key_id=program.key_id), body),
        "signed 31 s ago": signed(stack, program, body, created=int(time.time()) - 32),
        "changed by a byte": signed(stack, program, body.replace(b"A test.", b"B test.")),
    }[how]
    answer = kills(ask, body, headers)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    in_force = [each for each in ask(SIGNING).get("/trading-state").json()["items"] if each["target"] == SIGNING]
    measured(36, f"kills accepted {how}", len(in_force), "0")
    assert in_force == []


def test_a_signed_kill_is_in_force_once_and_verifies_again(
    stack: Stack, ask: Ask, program: Program, measured: Measured
) -> None:
    body = as_body(KILL)
    headers = signed(stack, program, body)
    first, again = kills(ask, body, headers), kills(ask, body, headers)
    assert (first.status_code, first.json()["state"]) == (200, "halted")
    assert (again.status_code, again.json()["code"]) == (401, "NONCE_USED")
    measured(36, "kills accepted with a nonce of before", 0 if again.status_code == 401 else 1, "0")
    assert verified(stack) == (0, 1)
    measured(36, "accepted kills whose signature verifies again, of 1", verified(stack)[1], "1")


def test_a_key_that_was_revoked_kills_nothing(stack: Stack, ask: Ask, program: Program, measured: Measured) -> None:
    assert ask(SIGNING).delete(f"/auth/keys/{program.key_id}").status_code == 204
    body = as_body({**KILL, "target": "trader1"})
    answer = kills(ask, body, signed(stack, program, body))
    assert (answer.status_code, answer.json()["code"]) == (401, "SIGNATURE_INVALID")
    in_force = {each["target"] for each in ask(SIGNING).get("/trading-state").json()["items"]}
    measured(36, "kills accepted of a revoked key", len(in_force - {SIGNING}), "0")
    assert in_force == {SIGNING}


def verified(stack: Stack) -> tuple[int, int]:
    """What `manage.py verify_signatures` ends with, and how many it finds good."""
    environment = {**os.environ, "TMW_DATA_DIR": str(stack.data_dir)}
    command = [sys.executable, "manage.py", "verify_signatures", "--json"]
    ran = subprocess.run(command, env=environment, capture_output=True, text=True)
    return ran.returncode, sum(not json.loads(line)["fault"] for line in ran.stdout.splitlines())
