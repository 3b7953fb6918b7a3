"""Write what the C++ kit shares with Python: `python -m bridge.wire.cpp DIRECTORY` makes `DIRECTORY/tmw/*.hpp`."""

from __future__ import annotations

import sys
from pathlib import Path

from bridge.wire.cpp.market import market_rows
from bridge.wire.cpp.messages import messages
from bridge.wire.cpp.vocabulary import vocabulary

HEADERS = {"vocabulary.hpp": vocabulary, "messages.hpp": messages, "market_rows.hpp": market_rows}


def main() -> None:
    directory = Path(sys.argv[1]) / "tmw"
    directory.mkdir(parents=True, exist_ok=True)
    for name, text in HEADERS.items():
        (directory / name).write_text(text(), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
