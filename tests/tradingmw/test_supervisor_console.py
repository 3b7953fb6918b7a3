"""Does the log of many processes stay readable, and never hold one of them up?"""

from __future__ import annotations

import io
import threading

from tradingmw.supervisor.console import WAITING_LINES, LogBoard


class Terminal(io.StringIO):
    """A terminal that a person has paused."""

    def __init__(self) -> None:
        super().__init__()
        self.goes_on = threading.Event()

    def write(self, text: str) -> int:
        self.goes_on.wait(20)
        return super().write(text)


def test_each_line_carries_the_name_of_its_part() -> None:
    stream = io.StringIO()
    board = LogBoard(stream, {"web": "magenta"})
    board.lines("web", ["INFO Order accepted"])
    board.lines("engine", ["WARNING [bold]not markup[/bold]"])
    board.close()
    assert stream.getvalue() == "web    | INFO Order accepted\nengine | WARNING [bold]not markup[/bold]\n"


def test_a_paused_terminal_holds_nobody_up_and_the_lost_lines_are_counted() -> None:
    stream = Terminal()
    board = LogBoard(stream, {})
    for number in range(WAITING_LINES + 500):
        board.lines("feed", [f"line {number}"])
    stream.goes_on.set()
    board.close(20)
    lines = stream.getvalue().splitlines()
    assert any("log lines were dropped" in line for line in lines)
    assert len(lines) < WAITING_LINES + 100


def test_of_many_lines_at_once_those_are_shown_that_there_is_room_for() -> None:
    stream = io.StringIO()
    board = LogBoard(stream, {})
    board.lines("feed", [f"line {number}" for number in range(WAITING_LINES + 500)])
    board.close(20)
    *shown, told = stream.getvalue().splitlines()
    assert shown == [f"feed   | line {number}" for number in range(WAITING_LINES)]
    assert told == "up     | 500 log lines were dropped: this terminal was too slow"


def test_a_line_of_json_is_shown_as_it_is() -> None:
    stream = io.StringIO()
    board = LogBoard(stream, {})
    board.lines("web", ['{"part":"web"}', "a word of python"])
    board.close()
    assert stream.getvalue() == '{"part":"web"}\nweb    | a word of python\n'
