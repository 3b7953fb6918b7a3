"""What can others read about a running stack? `<data-dir>/run/ports.json` and `parts.json`, never half written."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

#: On Windows a file cannot be replaced while a reader has it open; readers are quick.
REPLACE_ATTEMPTS: Final = 50


class RunRecords:
    """The two files of one data directory."""

    def __init__(self, data_dir: Path) -> None:
        self.directory = data_dir / "run"
        self.directory.mkdir(parents=True, exist_ok=True)

    def write_addresses(self, addresses: Mapping[str, str]) -> None:
        """Every address of this stack by name; `web` is the page's."""
        self._replace("ports.json", addresses)

    def write_parts(self, pids: Mapping[str, int]) -> None:
        """The process number of each part that lives now."""
        self._replace("parts.json", pids)

    def clear(self) -> None:
        """Nothing runs any more."""
        for name in ("ports.json", "parts.json"):
            (self.directory / name).unlink(missing_ok=True)

    def _replace(self, name: str, content: Mapping[str, object]) -> None:
        written = self.directory / f"{name}.new"
        written.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
        for attempts_left in reversed(range(REPLACE_ATTEMPTS)):
            try:
                return os.replace(written, self.directory / name)  # noqa: PTH105 - Path.replace is the same call
            except PermissionError:
                if not attempts_left:
                    raise
                time.sleep(0.01)
        return None
