"""Which tasks does this process know, and how is each to be run?"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

#: A body gets the business key and the payload that was given to `outbox_add`.
Body = Callable[[str, dict[str, Any]], None]

ATTEMPTS_MAX = 10
FIRST_RETRY_SECONDS = 1.0
LIMIT_SECONDS = 10.0


class UnknownTask(Exception):
    """A row names a task that this worker does not have: it is older than whoever wrote the row."""


class Task(NamedTuple):
    """How a registered body is run."""

    body: Body
    outside_transaction: bool
    attempts_max: int  #: then the row is parked, with an alarm
    first_retry_seconds: float  #: doubles with each failure
    limit_seconds: float  #: a body that takes longer costs the worker process its life


_tasks: dict[str, Task] = {}


def outbox_task(
    name: str,
    *,
    outside_transaction: bool = False,
    attempts_max: int = ATTEMPTS_MAX,
    first_retry_seconds: float = FIRST_RETRY_SECONDS,
    limit_seconds: float = LIMIT_SECONDS,
) -> Callable[[Body], Body]:
    """Register `body(key, payload)` under `name`; in an app's `tasks.py`, which every worker imports.

    The body runs inside the transaction that completes its row: let it write to the database only, and shortly (SQLite
    has one writer). With `outside_transaction` it runs before that transaction, for mail and the like: once, unless
    the worker dies between the effect and the commit, so give what leaves a name that the key decides. A body that
    raises is tried again later.
    """

    def register(body: Body) -> Body:
        if name in _tasks:
            raise ValueError(f"Two outbox tasks are called {name}.")
        _tasks[name] = Task(body, outside_transaction, attempts_max, first_retry_seconds, limit_seconds)
        return body

    return register


def task_named(name: str) -> Task:
    """The task registered under `name`; else one that raises UnknownTask and is tried again later."""
    return _tasks.get(name) or Task(partial(_unknown, name), True, ATTEMPTS_MAX, FIRST_RETRY_SECONDS, LIMIT_SECONDS)


def _unknown(name: str, key: str, payload: dict[str, Any]) -> None:
    raise UnknownTask(f"no task is called {name} here")
