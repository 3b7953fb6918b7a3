"""What does each public error code mean? `docs/errors.md` is made here, from the comments beside the codes.

python -m tradingmw.error_table > docs/errors.md
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from tradingmw import errors
from tradingmw.errors import Code

LINE = re.compile(r'^    (?P<code>[A-Z_]+) = "(?P=code)".*?#: (?P<meaning>.+)$', re.M)
HEAD = """# Error codes

One shape for every error (`application/problem+json`): `type title status detail instance code errors[] requestId`.
WebSocket answers carry the same codes in `error.code`. Made by `python -m tradingmw.error_table`; do not edit.

| code | meaning |
|---|---|
"""


def meanings() -> dict[str, str]:
    """Each code and the sentence beside it."""
    source = Path(errors.__file__).read_text(encoding="utf-8")
    return {found["code"]: found["meaning"] for found in LINE.finditer(source)}


def error_table() -> str:
    """The whole page; KeyError for a code without a sentence."""
    told = meanings()
    return HEAD + "".join(f"| `{code}` | {told[code]} |\n" for code in Code)


if __name__ == "__main__":
    sys.stdout.write(error_table())
