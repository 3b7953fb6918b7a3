"""Does a stolen token, a guessed password or a right that was taken away let anybody in, over several web processes?"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import httpx
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection

from tests.faults.database import change, rows
from tests.faults.thief import (
    Tokens,
    answered,
    at_once,
    close_code,
    guesses,
    login,
    refresh,
    socket_of,
    status,
    told,
    webs,
)
from tests.patience import PATIENCE
from tests.scoreboard import Measured
from tests.stack import Stack, wait_for

GUESSES = 1_000
USES = 20
TRADER2 = "SELECT id FROM accounts_user WHERE username = 'trader2'"
ORDER = {"symbol": "NONE", "side": "buy", "orderType": "market", "quantity": "1", "timeInForce": "day"}


@pytest.fixture(scope="module")
def stack(make_stack: Callable[..., Stack]) -> Stack:
    """The tests are its proxy: they say at which address a client is."""
    return make_stack(seed=1, environment={"TMW_PROXY_HOPS": "1"})


@pytest.fixture(scope="module")
def urls(stack: Stack) -> Iterator[list[str]]:
    with webs(stack, 4) as urls:
        yield urls


def since(moment: float) -> float:
    return round(time.monotonic() - moment, 2)


def place(url: str, access: str) -> int:
    headers = {"Authorization": f"Bearer {access}"}
    return httpx.post(f"{url}/api/v1/orders", json={**ORDER, "clientOrderId": "none"}, headers=headers).status_code


def placed(socket: ClientConnection) -> str:
    """The code with which it is refused; "closed" where the socket is."""
    try:
        return str(answered(socket, "order.place", **ORDER, clientOrderId="none")["error"]["code"])
    except ConnectionClosed:
        return "closed"


def locks(stack: Stack) -> int:
    """How often anybody was locked out, by the audit log."""
    return int(rows(stack, "SELECT COUNT(*) FROM accounts_auditlog WHERE action = 'auth.login_locked'")[0][0])


def test_a_stolen_refresh_token_locks_the_thief_out_too(stack: Stack, urls: list[str], measured: Measured) -> None:
    victim = Tokens.of(login(urls[0], "trader1"))
    thief = Tokens.of(refresh(urls[1], victim.refresh))
    thief = Tokens.of(refresh(urls[1], thief.refresh))  # the victim's is now older than the one before
    with socket_of(urls[0], victim.access) as first, socket_of(urls[1], thief.access) as second:
        began = time.monotonic()
        assert refresh(urls[2], victim.refresh).status_code == 401
        assert refresh(urls[1], thief.refresh).status_code == 401
        measured(29, "until the family is revoked, from the victim's use of his token", f"{since(began)} s", "1 s")
        assert since(began) <= 1 * PATIENCE
        assert [close_code(socket) for socket in (first, second)] == [4503, 4503]
        measured(29, "until its sockets are closed, over two processes", f"{since(began)} s", "2 s")
        assert since(began) <= 2 * PATIENCE
    wait_for(lambda: {status(url, one.access) for url in urls for one in (victim, thief)} == {401}, 5 * PATIENCE, "401")
    measured(29, "until no access token of the family is taken, over four processes", f"{since(began)} s", "5 s")
    reused = rows(stack, "SELECT COUNT(*) FROM accounts_auditlog WHERE action = 'auth.refresh_reuse'")
    noticed = rows(stack, "SELECT COUNT(*) FROM notifications_notification WHERE metadata LIKE '%refresh_reuse%'")
    measured(29, "audit rows and notifications of it", f"{reused[0][0]} and {noticed[0][0]}", "1 and 1")
    assert (reused, noticed) == ([(1,)], [(1,)])


def test_twenty_uses_of_one_refresh_token_at_once_have_one_successor(urls: list[str], measured: Measured) -> None:
    token = Tokens.of(login(urls[0], "trader1")).refresh
    answers = at_once([lambda url=urls[each % 2]: refresh(url, token) for each in range(USES)])  # type: ignore[misc]
    successors = {answer.json()["refreshToken"] for answer in answers if answer.status_code == 200}
    measured(29, f"successors of one token used {USES} times at once, over two processes", len(successors), "1")
    assert len(successors) == 1
    assert {answer.status_code for answer in answers} <= {200, 401}
    assert refresh(urls[2], successors.pop()).status_code == 200  # nobody took it for a theft


def test_a_thousand_guesses_over_four_processes_are_ten_at_most(
    stack: Stack, urls: list[str], measured: Measured
) -> None:
    trader = Tokens.of(login(urls[0], "trader2"))
    lock_soon = "UPDATE accounts_accountguesses SET attempts = 9, last_at = datetime('now', '-1 minute')"
    with socket_of(urls[0], trader.access) as socket:
        answers = guesses(urls, "trader2", GUESSES)
        looked_at = answers.pop(401)
        measured(33, f"of {GUESSES} guesses at once that were looked at, over four processes", looked_at, "10")
        assert looked_at <= 10
        assert answers == {429: GUESSES - looked_at}
        locked_before = locks(stack)  # once, where the guesses took so long that all ten were looked at
        for _ in range(locked_before):
            told(socket, "login_locked")
        change(stack, lock_soon)  # as if its pauses had been kept
        began = time.monotonic()
        assert guesses(urls, "trader2", 8) == {401: 1, 429: 7}
        told(socket, "login_locked")
        measured(33, "until the user is told of the lock", f"{since(began)} s", "5 s")
        assert since(began) <= 5 * PATIENCE
    assert locks(stack) == locked_before + 1
    assert login(urls[1], "trader2", **{"X-Forwarded-For": "198.18.9.9"}).status_code == 429
    assert login(urls[1], "trader2").status_code == 200  # from where he is known


def test_a_role_taken_away_counts_within_five_seconds(stack: Stack, urls: list[str], measured: Measured) -> None:
    tokens = Tokens.of(login(urls[0], "trader2"))
    assert {place(url, tokens.access) for url in urls} == {422}  # he may; there is no such instrument
    with socket_of(urls[0], tokens.access) as socket:
        assert placed(socket) != "FORBIDDEN"
        began = time.monotonic()
        change(stack, f"DELETE FROM accounts_user_groups WHERE user_id = ({TRADER2})")
        wait_for(lambda: placed(socket) in ("FORBIDDEN", "closed"), 5 * PATIENCE, "no order over the socket")
        measured(30, "until a role that was taken away counts on a socket", f"{since(began)} s", "5 s")
        wait_for(lambda: {place(url, tokens.access) for url in urls} == {403}, 5 * PATIENCE, "403 everywhere")
        measured(30, "until it counts over REST, in four processes", f"{since(began)} s", "5 s")
        assert since(began) <= 5 * PATIENCE


def test_a_deactivated_user_is_out_within_five_seconds(stack: Stack, urls: list[str], measured: Measured) -> None:
    tokens = Tokens.of(login(urls[0], "desk1"))
    with socket_of(urls[0], tokens.access) as first, socket_of(urls[1], tokens.access) as second:
        assert {status(url, tokens.access) for url in urls} == {200}
        began = time.monotonic()
        change(stack, "UPDATE accounts_user SET is_active = 0 WHERE username = 'desk1'")
        assert [close_code(socket) for socket in (first, second)] == [4503, 4503]
        measured(30, "until the sockets of a deactivated user are closed", f"{since(began)} s", "5 s")
        wait_for(lambda: {status(url, tokens.access) for url in urls} == {401}, 5 * PATIENCE, "401 everywhere")
        measured(30, "until no process takes the tokens of a deactivated user", f"{since(began)} s", "5 s")
        assert since(began) <= 5 * PATIENCE
    assert refresh(urls[2], tokens.refresh).status_code == 401
    assert login(urls[2], "desk1").status_code == 401
