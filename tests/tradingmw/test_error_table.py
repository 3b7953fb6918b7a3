"""Is the documented table of error codes the one that the code has?"""

from pathlib import Path

from tradingmw.error_table import error_table, meanings
from tradingmw.errors import Code

PAGE = Path(__file__).resolve().parents[2] / "docs" / "errors.md"


def test_every_code_says_what_it_means() -> None:
    assert meanings().keys() == set(Code)


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == error_table()
