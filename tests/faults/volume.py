"""How does a disk fill up, or go away, under a running system? A file system in a file, which the test may hurt."""

from __future__ import annotations

import fcntl
import os
import shutil
import struct
import subprocess
import sys
from pathlib import Path

BYTES = 48 << 20
SHUT_DOWN = 0x8004587D  #: EXT4_IOC_SHUTDOWN
WITHOUT_FLUSH = struct.pack("I", 2)
BLOCK = b"\0" * 4096


class CannotMount(Exception):
    """Not root, no mkfs.ext4, no loop devices, or another operating system."""


class Volume:
    """Mounted at `directory`. What was not synced when it is torn away is lost, as with a disk that is pulled.

    Nobody may be in the middle of a sync then, as a file system that is shut down lies to him: of a hundred files that
    grew, twelve lacked at their end what `fdatasync` had called written (Linux 6.18); of three hundred whose writers
    stood still at that moment, none.
    """

    def __init__(self, place: Path) -> None:
        self.directory = place / "volume"
        self._image = place / "image-0"
        self._ballast = self.directory / "ballast"
        self.directory.mkdir()
        with self._image.open("wb") as image:
            image.truncate(BYTES)
        try:
            run("mkfs.ext4", "-q", "-m", "0", str(self._image))
            self._mount()
        except (OSError, subprocess.SubprocessError) as error:
            raise CannotMount(f"root, mkfs.ext4 and loop devices ({error})") from error

    def fill(self) -> None:
        """To the last block."""
        with self._ballast.open("ab", buffering=0) as ballast:
            try:
                while ballast.write(BLOCK):
                    pass
            except OSError:
                return

    def free(self) -> None:
        self._ballast.unlink()

    def tear_away(self) -> None:
        """From now on nothing can be written or opened; what is open stays open and is of no use."""
        handle = os.open(self.directory, os.O_RDONLY)
        try:
            fcntl.ioctl(handle, SHUT_DOWN, WITHOUT_FLUSH)
        finally:
            os.close(handle)

    def give_back(self) -> None:
        """What had reached the disk, as a new file system at the same place."""
        run("umount", "-l", str(self.directory))
        torn, self._image = self._image, self._image.with_name(f"image-{int(self._image.name[6:]) + 1}")
        shutil.copyfile(torn, self._image)
        self._mount()

    def end(self) -> None:
        run("umount", "-l", str(self.directory))

    def _mount(self) -> None:
        run("mount", "-o", "loop", str(self._image), str(self.directory))


def run(*words: str) -> None:
    if sys.platform != "linux":
        raise OSError("only Linux has these")
    subprocess.run(words, check=True, capture_output=True, timeout=30)
