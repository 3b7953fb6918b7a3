"""Does one command keep the whole system running: side by side, through restarts, kills and its own end?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.stack import DEMO_PASSWORD, PARTS, STOP_SECONDS, Stack, is_alive, wait_for

MakeStack = Callable[..., Stack]
DEMO_USERS = ["trader1", "trader2", "desk1", "compliance1", "admin1", "operations1"]


def test_standard_output_carries_addresses_logins_and_then_ready(stack: Stack) -> None:
    lines = stack.output.splitlines()
    assert lines[-1].startswith("ready")
    assert stack.url in stack.output
    assert DEMO_PASSWORD in stack.output
    assert all(name in stack.output for name in DEMO_USERS)


@pytest.mark.parametrize("username", DEMO_USERS)
def test_each_demo_user_can_log_in(stack: Stack, username: str) -> None:
    with stack.client(username) as client:
        assert client.get("/auth/me").json()["username"] == username


def test_keys_and_secrets_are_for_the_owner_alone(stack: Stack) -> None:
    secrets = [*(stack.data_dir / "keys").iterdir(), *(stack.data_dir / "secrets").iterdir()]
    assert secrets
    assert {path.stat().st_mode & 0o077 for path in secrets} == {0}


def test_a_second_up_on_the_same_directory_is_refused_by_name(stack: Stack, make_stack: MakeStack) -> None:
    second = make_stack(started=False, data_dir=stack.data_dir)
    process = second.launch(name="second")
    assert process.wait(60) == 1
    assert f"process {stack.process.pid}" in second.log
    stack.wait_ready()


def test_a_port_that_is_taken_is_named(stack: Stack, make_stack: MakeStack) -> None:
    port = int(stack.url.rpartition(":")[2])
    other = make_stack(started=False, port=port)
    assert other.launch().wait(60) == 1
    assert f"Port {port} of 127.0.0.1 is taken; choose another with --port" in other.log


def test_two_stacks_run_side_by_side_and_nothing_outlives_the_stop_of_one(stack: Stack, make_stack: MakeStack) -> None:
    other = make_stack()
    assert not set(other.addresses.values()) & set(stack.addresses.values())
    with stack.client("trader1") as here, other.client("trader1") as there:
        assert here.get("/auth/me").json()["id"] != there.get("/auth/me").json()["id"]
        # A token of one stack is nothing to the other: each has a signing key of its own.
        assert there.get(f"{stack.api}/auth/me").status_code == 401
    pids = other.pids()
    assert other.stop() == 0
    assert not any(map(is_alive, pids.values()))
    assert other.pids() == {}
    stack.wait_ready()


@pytest.mark.parametrize("part", PARTS)
def test_a_killed_part_is_started_again(stack: Stack, part: str) -> None:
    before = stack.pids()
    assert stack.kill(part) == before[part]
    stack.wait_ready()
    after = stack.pids()
    assert after[part] != before[part]
    assert {name: pid for name, pid in after.items() if name != part} == {
        name: pid for name, pid in before.items() if name != part
    }


def test_everything_is_still_there_after_a_restart_of_everything(stack: Stack) -> None:
    order = {
        "clientOrderId": "restart-1",
        "symbol": "AAPL",
        "side": "buy",
        "orderType": "limit",
        "timeInForce": "gtc",
        "quantity": "100",
        "price": "1.00",
    }
    with stack.client("trader1") as client:
        me = client.get("/auth/me").json()
        placed = client.post("/orders", json=order, headers={"Prefer": "wait=2"})
        assert placed.status_code == 201, placed.text
    assert stack.stop() == 0
    stack.start()
    with stack.client("trader1") as client:
        assert client.get("/auth/me").json()["id"] == me["id"]
        assert wait_for(lambda: is_working(client, placed.json()["id"]), 20, "the resting order", stack.tail)


def is_working(client: Any, order_id: str) -> bool:
    return bool(client.get(f"/orders/{order_id}").json()["status"] == "new")


def test_a_flag_the_engine_refuses_ends_up_with_what_the_engine_said(make_stack: MakeStack) -> None:
    stack = make_stack(started=False, symbols=3, rate=0)
    assert stack.launch().wait(60) == 1
    assert "engine cannot be started" in stack.log
    assert "--rate must lie between" in stack.log


def test_the_parts_of_a_killed_supervisor_stop_by_themselves(stack: Stack) -> None:
    pids = stack.pids()
    stack.kill_supervisor()
    wait_for(lambda: not any(map(is_alive, pids.values())), STOP_SECONDS, "the end of all parts", stack.tail)
    stack.start()
    assert not set(stack.pids().values()) & set(pids.values())
