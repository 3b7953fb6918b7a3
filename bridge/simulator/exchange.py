"""What happens on all boards when market time moves on, and where do users' orders go?"""

from __future__ import annotations

from collections.abc import Iterator

from bridge.simulator.actions import Action, Market
from bridge.simulator.board import Board, Tape
from bridge.simulator.matching import Fill


class Exchange:
    """The boards of one run and the market that moves them. Pure: time comes in, rows go to the tape."""

    def __init__(self, market: Market, tape: Tape) -> None:
        self.boards = {listing.instrument_id: Board(listing, tape) for listing in market.listings}
        self.by_symbol = {board.listing.symbol: board for board in self.boards.values()}
        self._actions: Iterator[Action] = market.actions()
        self._next = next(self._actions, None)

    @property
    def next_due_us(self) -> int | None:
        """Market time of the next action; None = the market has ended."""
        return self._next.at_us if self._next else None

    def step(self, now_us: int) -> tuple[Board, list[Fill]]:
        """Do the next action, stamped `now_us`; its board and the fills of users' orders."""
        action = self._next
        if action is None:
            raise ValueError("The market has ended.")
        board = self.boards[action.instrument_id]
        fills = board.act(action.operations, now_us)
        self._next = next(self._actions, None)
        return board, fills

    @property
    def gone(self) -> int:
        """Actions of the market that were skipped because users had consumed what they meant."""
        return sum(board.gone for board in self.boards.values())


class Clock:
    """How far has market time come? It follows the wall clock at `speed`, never jumps, and can be held."""

    MOST_WALL_US = 250_000  #: after a stall the market goes on from where it stood instead of rushing

    def __init__(self, now_us: int, speed: float = 1.0) -> None:
        self.market_us = 0
        self._speed = speed
        self._wall_us = now_us
        self._rest = 0.0

    def advance(self, now_us: int, *, held: bool) -> int:
        """The market time at `now_us`; while `held` it stands still."""
        passed = min(max(now_us - self._wall_us, 0), self.MOST_WALL_US)
        self._wall_us = now_us
        if not held:
            whole, self._rest = divmod(passed * self._speed + self._rest, 1.0)
            self.market_us += int(whole)
        return self.market_us

    def fall_back(self, market_us: int) -> None:
        """Go on from `market_us`: the market could not keep up, so it slows down rather than pile up."""
        self.market_us = min(self.market_us, market_us)

    def wall_us_until(self, market_us: int) -> int:
        """How long the wall clock takes to get there."""
        return max(0, int((market_us - self.market_us) / self._speed))
