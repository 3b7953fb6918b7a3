"""Does each line of a child arrive whole and once, in its order, however the child writes it?"""

from __future__ import annotations

import sys

import pytest

from tradingmw.supervisor.process import PIECE_BYTES, ChildProcess


def lines_of(program: str) -> list[str]:
    """What a child that runs `program` with `write(bytes)` has printed by its end."""
    heard: list[str] = []
    head = "import sys; write = lambda output: (sys.stdout.buffer.write(output), sys.stdout.buffer.flush())\n"
    child = ChildProcess([sys.executable, "-c", head + program], {}, heard.extend)
    assert child.wait(30)
    return heard


def test_lines_that_are_written_at_once_arrive_one_by_one() -> None:
    assert lines_of("write(b'one\\ntwo\\r\\n\\nthree\\n')") == ["one", "two", "", "three"]


def test_a_line_that_is_written_bit_by_bit_arrives_whole() -> None:
    assert lines_of("for letter in 'gr\\u00fc\\u00dfe\\n'.encode(): write(bytes([letter]))") == ["grüße"]


def test_the_last_line_needs_no_end() -> None:
    assert lines_of("write(b'one\\ntwo')") == ["one", "two"]


def test_bytes_that_are_no_text_cost_no_other_line() -> None:
    assert lines_of("write(b'a\\xff\\xe2\\n\\x82b\\n')") == ["a��", "�b"]


def test_nothing_is_lost_of_a_flood_of_lines() -> None:
    assert lines_of("write(b''.join(b'%d\\n' % number for number in range(50_000)))") == [
        str(number) for number in range(50_000)
    ]


def test_a_line_without_end_is_shown_in_pieces() -> None:
    heard = lines_of(f"write(b'x' * {5 * PIECE_BYTES})")
    assert "".join(heard) == "x" * (5 * PIECE_BYTES)
    assert max(map(len, heard)) < 2 * PIECE_BYTES


@pytest.mark.parametrize("count", [1, 29, 40])
def test_the_last_lines_are_kept(count: int) -> None:
    child = ChildProcess(
        [sys.executable, "-c", f"for number in range({count}): print(number)"], {}, on_lines=lambda lines: None
    )
    assert child.wait(30)
    assert list(child.last_lines) == [str(number) for number in range(count)][-30:]
