"""Does an order bridge live on this machine, and as which process?

Each holds a locked file, named after its address, for as long as it lives; the operating system gives the lock back
however it dies. Of a bridge on another machine nothing is known here.
"""

from __future__ import annotations

import logging
import re
from pathlib import Path

import psutil

from tradingmw.file_lock import FileLock, HeldByAnother

logger = logging.getLogger(__name__)
GONE = 0
END_SECONDS = 2.0


class Presence:
    """The locked files of one data directory."""

    def __init__(self, data_dir: Path) -> None:
        self._directory = data_dir / "run"

    def announced(self, address: str) -> FileLock:
        """To be held by the bridge at `address`; `HeldByAnother` where one is there already."""
        return FileLock(self.file_of(address))

    def process_at(self, address: str) -> int | None:
        """The number of the bridge's process, `GONE` where it has ended, None where nothing is known."""
        path = self.file_of(address)
        if not path.exists():
            return None
        try:
            with FileLock(path):
                return GONE
        except HeldByAnother as held:
            return held.pid or None

    def end(self, address: str) -> None:
        """End the process of the bridge at `address`, which does nothing any more, if it is one of this machine.

        Standing still within a transaction it would keep the database locked for as long as it stands.
        """
        pid = self.process_at(address)
        if not pid:
            return
        logger.error("An order bridge that stands still is ended", extra={"alarm": True, "bridge_pid": pid})
        try:
            process = psutil.Process(pid)
            process.kill()
            process.wait(END_SECONDS)
        except (psutil.NoSuchProcess, psutil.TimeoutExpired, psutil.AccessDenied) as error:
            logger.warning("It could not be seen to end", extra={"why": str(error)})

    def file_of(self, address: str) -> Path:
        name = re.sub(r"[^A-Za-z0-9.]+", "-", address.removeprefix("tcp://"))
        return self._directory / f"order-bridge-{name}.lock"
