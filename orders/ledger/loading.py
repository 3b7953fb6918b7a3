"""What did an earlier life of the order bridge leave behind?"""

from __future__ import annotations

from uuid import UUID

from django.db.models import Max

from orders.core.book import Book
from orders.core.state import CommandKind, CommandProgress, Cursor
from orders.ledger.lease import CURSOR_ID
from orders.ledger.looking_up import look_up_groups, look_up_limits, orders
from orders.ledger.safeguards import load_safeguards
from orders.ledger.states import load_states
from orders.ledger.tempo import load_tempo
from orders.lifecycle import OPEN
from orders.models import EngineCommand, EngineCursor, Position
from orders.rows import command_state, order_state, position_state
from tradingmw.scaled import to_e8


def load_book(session: int, command_deadline_us: int, reconcile_every_us: int = 0) -> Book:
    """Every open order, the commands without an answer, and how far the engine's reports were read."""
    row = EngineCursor.objects.get(id=CURSOR_ID)
    cursor, every_us = Cursor(row.epoch, row.seq), reconcile_every_us
    book = Book(session, cursor, command_deadline_us=command_deadline_us, reconcile_every_us=every_us)
    for order in orders().filter(status__in=sorted(OPEN)).iterator(chunk_size=2_000):
        book.learn(order_state(order))
    look_up_groups(book, list(book.orders))
    load_commands(book)
    load_positions(book)
    load_tempo(book)
    load_states(book)
    look_up_limits(book)
    load_safeguards(book.safeguards)
    last = EngineCommand.objects.filter(session=session).aggregate(last=Max("seq"))["last"]
    book.last_command_seq = last or 0
    return book


def load_held() -> dict[tuple[UUID, str], int]:
    """What each account holds of each symbol (10⁻⁸, short below 0), where it holds any."""
    rows = Position.objects.exclude(quantity=0).values_list("account_id", "symbol", "quantity")
    return {(account, symbol): to_e8(quantity) for account, symbol, quantity in rows.iterator(chunk_size=2_000)}


def load_positions(book: Book) -> None:
    """All of them, flat ones too: limits are held against what is held, and a trade changes what is here."""
    for row in Position.objects.select_related("account").iterator(chunk_size=2_000):
        book.positions[row.account_id, row.symbol] = position_state(row)


def load_commands(book: Book) -> None:
    """Unanswered ones; the newest NewOrder or ReplaceOrder of an order is the one whose fate decides."""
    unanswered = [CommandProgress.CLAIMED, CommandProgress.UNKNOWN]
    rows = EngineCommand.objects.filter(progress__in=unanswered, order__status__in=sorted(OPEN))
    for row in rows.order_by("session", "seq").iterator(chunk_size=2_000):
        command = command_state(row)
        key = (command.session, command.seq)
        book.commands[key] = command
        if command.kind is CommandKind.NEW_ORDER:
            book.claims[command.order_id] = key
        elif command.kind is CommandKind.REPLACE_ORDER:
            book.replaces[command.order_id] = key
