"""What does the gate keep in memory, and how does a batch see its own part of it?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from orders.core.gate.confirming import Confirmation
from orders.core.gate.exposure import Exposure, ExposureDraft, Sources, Traded
from orders.core.gate.sheet import Sheet
from orders.core.gate.tempo import Tempo, TempoDraft
from orders.core.layers import Layer

if TYPE_CHECKING:
    from orders.core.book import Book


class Gate:
    """Of a book. The sums are made of what the book holds when the first batch is decided over it."""

    def __init__(self) -> None:
        self.tempo = Tempo()
        self.confirmations: dict[str, Confirmation] = {}
        self.told: Sheet | None = None  #: of its faults people have been told
        self._sheet = Sheet(())
        self._exposure: Exposure | None = None

    def exposure(self, book: Book) -> Exposure:
        if self._exposure is None:
            self._exposure = Exposure(Sources(book.orders, book.replaces, book.commands, book.positions))
        return self._exposure

    def is_news(self, book: Book) -> bool:
        """Are the book's limits others than those of whose faults people were told?"""
        return self.told is None or self.told.limits is not book.limits

    def sheet(self, book: Book) -> Sheet:
        """The book's limits are replaced whole where they change."""
        if self._sheet.limits is not book.limits:
            self._sheet = Sheet(book.limits)
        return self._sheet


class GateDraft:
    """Of a draft: adopted with it, or forgotten. `sources` are the draft's."""

    def __init__(self, book: Book, now_us: int, sources: Sources, traded: Traded) -> None:
        self._gate = book.gate
        self.exposure = ExposureDraft(self._gate.exposure(book), sources, traded)
        self.tempo = TempoDraft(self._gate.tempo, now_us)
        self.confirmations = Layer(self._gate.confirmations)
        self.sheet = self._gate.sheet(book)

    def adopt(self) -> None:
        self.exposure.adopt()
        self.tempo.adopt()
        if self.confirmations.changes:
            self.confirmations.adopt()
        self._gate.told = self.sheet
