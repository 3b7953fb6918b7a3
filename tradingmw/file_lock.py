"""Who holds this directory? A lock that the operating system gives back when its holder dies, however it dies.

Standard library only and old syntax: `dev.py` uses it before anything is installed.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import TracebackType

LOCKED_BYTE = 1 << 20  #: far behind the holder's number, which others may read while it is locked


class HeldByAnother(Exception):
    """Another process holds the lock; `pid` is its number, 0 where it has not written it yet."""

    def __init__(self, path: Path, pid: int) -> None:
        super().__init__(f"{path} is held by process {pid}")
        self.pid = pid


class FileLock:
    """One process at a time: `with FileLock(path):`, or HeldByAnother. A dead holder leaves nothing to clean up."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor = -1

    def __enter__(self) -> FileLock:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            _lock(self._descriptor)
        except OSError:
            os.close(self._descriptor)
            raise HeldByAnother(self._path, self._holder()) from None
        os.ftruncate(self._descriptor, 0)
        os.lseek(self._descriptor, 0, os.SEEK_SET)
        os.write(self._descriptor, str(os.getpid()).encode("ascii"))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # The file stays: deleting it would let two later comers lock two different files.
        # Unlocked by name: a child just being started may still hold a copy of the descriptor for a moment.
        _unlock(self._descriptor)
        os.close(self._descriptor)

    def _holder(self) -> int:
        text = self._path.read_text(encoding="ascii").strip()
        return int(text) if text.isdigit() else 0


if sys.platform == "win32":
    import msvcrt

    def _lock(descriptor: int) -> None:
        os.lseek(descriptor, LOCKED_BYTE, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)

    def _unlock(descriptor: int) -> None:
        os.lseek(descriptor, LOCKED_BYTE, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def _lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def _unlock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_UN)
