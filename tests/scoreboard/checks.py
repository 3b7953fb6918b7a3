"""Which forty checks does the scoreboard hold?"""

from __future__ import annotations

CHECKS = range(1, 41)
