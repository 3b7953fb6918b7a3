"""Does the page about an order's life show the table as it is?"""

from __future__ import annotations

from pathlib import Path

from django.conf import settings

from orders.diagram import diagram, page
from orders.lifecycle import FINAL, TABLE

PAGE = Path(settings.BASE_DIR, "docs", "order-lifecycle.md")


def test_the_page_is_the_one_that_the_table_makes() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run: manage.py orders diagram > docs/order-lifecycle.md"


def test_every_change_of_status_has_an_arrow_and_every_end_is_one() -> None:
    drawn = "\n".join(diagram())
    for (before, _), after in TABLE.items():
        assert before == after or f"{before or '[*]'} --> {after}: " in drawn
    for status in FINAL:
        assert f"{status} --> [*]" in drawn
