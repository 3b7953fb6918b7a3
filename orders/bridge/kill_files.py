"""Where does a kill stand that the database does not have yet? In a file of its own, below the data directory.

Written whole and made durable before anybody is told that trading is halted; gone once the tables and the audit log
have it. Whoever may write there can kill without any bridge: the next one that runs takes it up.
"""

from __future__ import annotations

import logging
import os
from pathlib import Path
from uuid import UUID

import msgspec

from orders.requests import WantedState

logger = logging.getLogger(__name__)
DIRECTORY, SUFFIX, UNREADABLE = "kills", ".json", ".unreadable"

_decoder = msgspec.json.Decoder(WantedState)


class KillFiles:
    """The kills of one data directory."""

    def __init__(self, data_dir: Path) -> None:
        self.directory = data_dir / DIRECTORY

    def keep(self, wanted: WantedState) -> None:
        """Durable when this returns; OSError where the disk does not take it."""
        self.directory.mkdir(parents=True, exist_ok=True)
        path = self._path(wanted.id)
        aside = path.with_suffix(".part")
        with aside.open("wb") as file:
            file.write(msgspec.json.encode(wanted))
            file.flush()
            os.fsync(file.fileno())
        os.replace(aside, path)  # noqa: PTH105 - Path.replace is the same call
        sync_directory(self.directory)

    def kept(self) -> list[WantedState]:
        """The oldest first. What cannot be read is put aside, and people are called: somebody wanted trading to end."""
        found = [self._read(path) for path in self.directory.glob(f"*{SUFFIX}")]
        return sorted([one for one in found if one is not None], key=lambda one: one.at_us)

    def drop(self, change: UUID) -> None:
        """The tables have it. Where the file cannot be removed now, it is when it is found again."""
        try:
            self._path(change).unlink(missing_ok=True)
        except OSError as error:
            logger.warning("The file of a kill could not be removed", extra={"kill": str(change), "why": str(error)})

    def _path(self, change: UUID) -> Path:
        return self.directory / f"{change.hex}{SUFFIX}"

    def _read(self, path: Path) -> WantedState | None:
        try:
            return _decoder.decode(path.read_bytes())
        except FileNotFoundError:  # another has dropped it meanwhile
            return None
        except (OSError, msgspec.DecodeError) as error:
            facts = {"alarm": True, "file": str(path), "why": str(error)}
            logger.error("The file of a kill cannot be read: halt by hand what it was to halt", extra=facts)
            self._put_aside(path)
            return None

    def _put_aside(self, path: Path) -> None:
        try:
            os.replace(path, path.with_suffix(UNREADABLE))  # noqa: PTH105
        except OSError:
            logger.exception("It could not be put aside either", extra={"file": str(path)})


def sync_directory(directory: Path) -> None:
    """Make the names in it durable; Windows cannot open directories and does not need it."""
    if os.name == "nt":
        return
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
