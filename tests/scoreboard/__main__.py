"""`python -m tests.scoreboard FILE…`: docs/scoreboard.md from what runs with `--scoreboard FILE` have measured."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.scoreboard.page import TESTS, Run, page

if not sys.argv[1:]:
    sys.exit(__doc__)
(TESTS.parent / "docs" / "scoreboard.md").write_text(page(Run.read(map(Path, sys.argv[1:]))), encoding="utf-8")
