"""What does the database of a stack hold, and how is it hurt from outside?"""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.stack import Stack

FILE = "tradingmw.sqlite3"
LOCK = """
import sqlite3, sys
database = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=20)
database.execute("BEGIN EXCLUSIVE")
print("locked", flush=True)
sys.stdin.read()
"""
HALF_WRITTEN = {
    "orders without their history": "SELECT COUNT(*) FROM orders_order o WHERE version !="
    " (SELECT COUNT(*) FROM orders_orderhistory h WHERE h.order_id = o.id)",
    "history without its order": "SELECT COUNT(*) FROM orders_orderhistory WHERE order_id NOT IN"
    " (SELECT id FROM orders_order)",
    "orders without an audit row": "SELECT COUNT(*) FROM orders_order o WHERE NOT EXISTS (SELECT 1 FROM"
    " accounts_auditlog a WHERE a.action = 'order.place' AND replace(a.resource_id, '-', '') = o.id)",
    "orders without a command": "SELECT COUNT(*) FROM orders_order o WHERE NOT EXISTS"
    " (SELECT 1 FROM orders_enginecommand c WHERE c.order_id = o.id)",
}


def names(stack: Stack, beginning: str) -> set[str]:
    return {name for (name,) in rows(stack, "SELECT client_order_id FROM orders_order") if name.startswith(beginning)}


def sessions(stack: Stack) -> Any:
    return rows(stack, "SELECT id, ended_at FROM accounts_session ORDER BY id")


def rows(stack: Stack, query: str) -> list[Any]:
    database = sqlite3.connect(stack.data_dir / FILE, timeout=10)
    try:
        return database.execute(query).fetchall()
    finally:
        database.close()


def status_of(stack: Stack, order_id: str) -> str:
    ((status,),) = rows(stack, f"SELECT status FROM orders_order WHERE id = '{order_id.replace('-', '')}'")
    return str(status)


@contextmanager
def locked(stack: Stack) -> Iterator[None]:
    """By another process, as a tool that somebody left open would."""
    words = [sys.executable, "-c", LOCK, str(stack.data_dir / FILE)]
    with subprocess.Popen(words, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout and process.stdout.readline() == "locked\n"
        yield
        process.kill()


@contextmanager
def without_audit(stack: Stack) -> Iterator[None]:
    """The database refuses every audit row."""
    change(stack, "CREATE TRIGGER no_audit BEFORE INSERT ON accounts_auditlog BEGIN SELECT RAISE(ABORT, 'no'); END")
    yield
    change(stack, "DROP TRIGGER no_audit")


def change(stack: Stack, statement: str) -> None:
    database = sqlite3.connect(stack.data_dir / FILE, timeout=10)
    with database:
        database.execute(statement)
    database.close()
