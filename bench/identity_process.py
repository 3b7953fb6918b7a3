"""What do the checks of who asks, and of what he may do, cost? The real code in one process on a database of its own.

    TMW_DATA_DIR=… python -m bench.identity_process 30

Says as one JSON object how many µs of processor time each thing took: the median of short rounds in which all take
their turn. What the checks of a call add is the median of what they added in each round.
"""

from __future__ import annotations

import itertools
import json
import os
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from typing import Any, NamedTuple

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tradingmw.settings")
django.setup()

from django.conf import settings  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.test import Client as Browser  # noqa: E402
from django.utils import timezone  # noqa: E402

from accounts.client import Client  # noqa: E402
from accounts.factors.policy import factor_needed  # noqa: E402
from accounts.live import BESIDE, live_sessions  # noqa: E402
from accounts.logins import user_login  # noqa: E402
from accounts.models import AddressRule, Entitlement, Session, User  # noqa: E402
from accounts.policy import Function, OrderTerms, Role  # noqa: E402
from accounts.rights import rights_of  # noqa: E402
from accounts.services import session_begin, session_refresh  # noqa: E402
from accounts.signatures.checking import request_checked  # noqa: E402
from accounts.signatures.message import Message  # noqa: E402
from accounts.signatures.services import key_create  # noqa: E402
from accounts.tokens import access_token_check  # noqa: E402
from bench.identity_variants import CHECKED, VOUCHED, TimedArgon2, Vouched  # noqa: E402
from tests.accounts.signatures.program import Program  # noqa: E402

ADDRESS = SITE = "127.0.0.1"
URL = f"http://{SITE}{CHECKED}"
HERE = Client(ADDRESS, "bench")
PASSWORD = "correct horse battery staple"
ROUNDS = 30
WRITING = 10  #: what writes to the disk is done so many times less often
TERMS = OrderTerms("XNAS", "equity", "limit", 100_00000000, 18_150_0000)
Work = Callable[[], object]


class Trader(NamedTuple):
    """Whose roles, attributes and addresses are all looked at; with a token, and a program that has a key."""

    session: Session
    token: str
    refresh_token: str
    program: Program


class Task(NamedTuple):
    """`work` is done `times` in a round; `ready` comes before each round, and is not measured."""

    work: Work
    times: int
    ready: Work = lambda: None


def set_up() -> Trader:
    call_command("migrate", verbosity=0)
    user = User.objects.create_user("ann", email="ann@desk.example", password=PASSWORD)
    user.groups.set(user.groups.model.objects.filter(name__in=[Role.TRADER.value, Role.READ_ONLY.value]))
    Entitlement.objects.create(user=user, exchanges="XNAS", order_types="limit", quantity_max=10_000)
    for role in (Role.TRADER, Role.READ_ONLY):
        AddressRule.objects.create(role=role.value, network="127.0.0.0/8")
    pair = session_begin(user=User.objects.get(id=user.id), client=HERE)
    Session.objects.filter(id=pair.session.id).update(mfa_at=timezone.now())
    session = live_sessions.load(pair.session.id, ADDRESS)
    return Trader(session, pair.access_token, pair.refresh_token, program_of(session))


def program_of(session: Session) -> Program:
    program, until = Program(), timezone.now() + timedelta(days=1)
    key = key_create(
        session=session,
        rights=rights_of(session.user),
        client=HERE,
        name="bench",
        scopes=[Function.SELF_READ.value],
        public_key=program.public_key,
        expires_at=until,
    )
    program.key_id = key.id
    return program


def tasks(trader: Trader, times: int) -> Mapping[str, Task]:
    """By the names that `bench.identity_command` knows."""
    session = trader.session
    return {
        "vouched": Task(caller_of(VOUCHED), times),
        "checked": Task(caller_of(CHECKED, HTTP_AUTHORIZATION=f"Bearer {trader.token}"), times),
        "signed": signed_calls(trader.program, times // WRITING),
        "token": Task(lambda: access_token_check(trader.token, ADDRESS), times),
        "rights": Task(lambda: rights_of(session.user).need(Function.ORDERS_PLACE), times),
        "factor": Task(lambda: factor_needed(session), times),
        "order": Task(lambda: rights_of(session.user).need_order(TERMS), times),
        "signature": signatures(trader.program, times // WRITING),
        "look": Task(lambda: BESIDE.submit(live_sessions.load, session.id, ADDRESS).result(), times // WRITING),
        "refresh": Task(refreshes(trader.refresh_token), times // WRITING),
        "login": Task(lambda: user_login(username="ann", password=PASSWORD, client=HERE), 1),
    }


def caller_of(where: str, **headers: Any) -> Work:
    browser = Browser(SERVER_NAME=SITE, REMOTE_ADDR=ADDRESS)

    def call() -> None:
        answer = browser.get(where, **headers)
        assert answer.status_code == 200, answer.content

    return call


def signed_calls(program: Program, times: int) -> Task:
    """Requests that were signed before the clock was read."""
    browser, ready = Browser(SERVER_NAME=SITE, REMOTE_ADDR=ADDRESS), list[dict[str, Any]]()

    def sign() -> None:
        ready[:] = [program.headers("GET", URL) for _ in range(times)]

    def call() -> None:
        answer = browser.get(CHECKED, headers=ready.pop())
        assert answer.status_code == 200, answer.content

    return Task(call, times, sign)


def signatures(program: Program, times: int) -> Task:
    ready: list[Message] = []

    def sign() -> None:
        ready[:] = [message_of(program.headers("GET", URL)) for _ in range(times)]

    return Task(lambda: request_checked(ready.pop(), address=ADDRESS, user_id=None, now=timezone.now()), times, sign)


def message_of(headers: Mapping[str, str]) -> Message:
    lower = {name.lower(): value for name, value in headers.items()}
    return Message(method="GET", target_uri=URL, authority=SITE, path=CHECKED, query="?", headers=lower, body=b"")


def refreshes(token: str) -> Work:
    """Each with the token that the one before gave."""
    tokens = [token]

    def refresh() -> None:
        tokens.append(session_refresh(refresh_token=tokens.pop(), client=HERE).refresh_token)

    return refresh


def measured(every: Mapping[str, Task]) -> Iterator[tuple[str, float]]:
    """(name, µs of processor time) of every task in every round; a first round, which fills caches, is left out."""
    names = list(every)
    for number in range(ROUNDS + 1):
        for name in names[number % len(names) :] + names[: number % len(names)]:
            spent_us = spent_by(every[name])
            if number:
                yield name, spent_us


def spent_by(task: Task) -> float:
    """µs a time, without what Argon2 took."""
    task.ready()
    began, hashing = time.process_time_ns(), TimedArgon2.spent_ns
    for _ in itertools.repeat(None, task.times):
        task.work()
    spent_ns = time.process_time_ns() - began - (TimedArgon2.spent_ns - hashing)
    return spent_ns / task.times / 1_000


def main(times: int) -> None:
    settings.ROOT_URLCONF = "bench.identity_variants"
    settings.PASSWORD_HASHERS = [f"{TimedArgon2.__module__}.{TimedArgon2.__name__}"]
    trader = set_up()
    Vouched.session = trader.session
    found: dict[str, list[float]] = {}
    for name, spent_us in measured(tasks(trader, times)):
        found.setdefault(name, []).append(spent_us)
    found["added"] = [checked - vouched for checked, vouched in zip(found["checked"], found["vouched"], strict=True)]
    print(json.dumps({name: statistics.median(values) for name, values in found.items()}))


if __name__ == "__main__":
    main(int(sys.argv[1]))
