"""Do all migrations compile to T-SQL that SQL Server 2019 can run? Proven without a server."""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import pytest
import sqlglot
from django.apps import apps
from django.db import connections
from django.db.migrations.loader import MigrationLoader
from django.db.models import UUIDField
from sqlglot import exp
from sqlglot.errors import ParseError, TokenError

import accounts.addresses
import accounts.live
import orders.callers
from tests.needs import missing
from tradingmw.compiled import ANYBODY

OURS = {"accounts", "notifications", "marketdata", "orders", "preferences"}
SETTINGS: dict[str, Any] = {
    "ENGINE": "tests.house.mssql_offline",
    "NAME": "offline",
    "HOST": "offline",
    "PORT": "",
    "USER": "offline",
    "PASSWORD": "offline",
    "OPTIONS": {"driver": "ODBC Driver 18 for SQL Server"},
    "ATOMIC_REQUESTS": False,
    "AUTOCOMMIT": True,
    "CONN_MAX_AGE": 0,
    "CONN_HEALTH_CHECKS": False,
    "TIME_ZONE": None,
    "TEST": {},
}
#: What other databases have and SQL Server has not.
FOREIGN = re.compile(
    r"\b(SERIAL|JSONB|UUID|AUTOINCREMENT|ON CONFLICT|ILIKE|RETURNING|DEFERRABLE|LIMIT \d|BOOLEAN|DATETIME2?\()", re.I
)
KEY_BYTES_MAX = 1_700  #: of a nonclustered index; characters are two bytes each


@pytest.fixture(scope="module")
def wrapper() -> Iterator[Any]:
    try:
        backend = importlib.import_module("tests.house.mssql_offline.base")
    except ImportError as error:  # pyodbc needs the system's libodbc
        missing(f"pyodbc with unixODBC ({error})")
    connections["offline"] = made = backend.DatabaseWrapper(SETTINGS, alias="offline")
    yield made
    del connections["offline"]


@pytest.fixture(scope="module")
def statements(wrapper: Any, django_db_blocker: Any) -> list[tuple[str, str]]:
    """(migration, statement) of every migration of every installed app, in the order of `migrate`."""
    with django_db_blocker.unblock():  # pytest-django guards every connection, the silent one too
        loader = MigrationLoader(wrapper, replace_migrations=False)
        return [
            (f"{app}.{name}", statement)
            for app, name in forwards(loader)
            for statement in loader.collect_sql([(loader.graph.nodes[(app, name)], False)])
            if statement.strip() and not statement.startswith("--")
        ]


def forwards(loader: MigrationLoader) -> Iterator[tuple[str, str]]:
    seen: set[tuple[str, str]] = set()
    for leaf in loader.graph.leaf_nodes():
        for node in loader.graph.forwards_plan(leaf):
            if node not in seen:
                seen.add(node)
                yield node


def test_every_app_of_ours_brings_statements(statements: list[tuple[str, str]]) -> None:
    assert {name.partition(".")[0] for name, _ in statements} >= OURS


def test_every_statement_is_readable_tsql(statements: list[tuple[str, str]]) -> None:
    assert not [(name, text) for name, text in statements if not readable(text)]


def readable(statement: str) -> bool:
    """Does sqlglot understand all of it? What it takes for an unknown command, it has not understood."""
    try:
        parsed = sqlglot.parse(statement, dialect="tsql", error_level=sqlglot.ErrorLevel.RAISE)
    except (ParseError, TokenError):
        return False
    return all(part is not None and not isinstance(part, exp.Command) for part in parsed)


def test_no_statement_speaks_another_dialect(statements: list[tuple[str, str]]) -> None:
    literals = re.compile(r"N?'(?:[^']|'')*'|\[[^\]]*\]")
    assert not [(name, text) for name, text in statements if FOREIGN.search(literals.sub("", text))]


@pytest.mark.parametrize("whole", [accounts.live.whole, orders.callers.whole, accounts.addresses.rules])
def test_what_is_compiled_once_is_tsql_with_one_open_value(wrapper: Any, whole: Callable[[UUID], Any]) -> None:
    statement, parameters = whole(ANYBODY).query.get_compiler(wrapper.alias).as_sql()
    assert readable(statement % tuple("''" for _ in parameters)), statement
    kept = UUIDField().get_db_prep_value(ANYBODY, wrapper)
    assert list(parameters).count(kept) == 1


def test_index_keys_are_short_enough(wrapper: Any) -> None:
    """SQL Server makes an index over long text columns and fails at the first long row."""
    long_keys = [
        (model.__name__, fields)
        for model in apps.get_models()
        if model._meta.app_label in OURS
        for fields in index_keys(model)
        if sum(key_bytes(model, field) for field in fields) > KEY_BYTES_MAX
    ]
    assert not long_keys


def index_keys(model: Any) -> Iterator[tuple[str, ...]]:
    for field in model._meta.local_fields:
        if field.db_index or field.unique:
            yield (field.name,)
    for index in model._meta.indexes:
        yield tuple(name.lstrip("-") for name in index.fields)
    for constraint in model._meta.constraints:
        yield tuple(getattr(constraint, "fields", ()))


def key_bytes(model: Any, name: str) -> int:
    field = model._meta.get_field(name)
    if field.get_internal_type() in ("TextField", "JSONField"):
        return KEY_BYTES_MAX + 1
    return 2 * field.max_length if field.max_length else 16
