"""In which lives is a recording played, from where on, and what then?"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from bridge.recording.file import RecordingError, read_recording
from bridge.recording.parts import NS, Part, parts
from bridge.recording.playback import Playback

logger = logging.getLogger(__name__)

Begin = Callable[[Part], Playback]


def seek_ns(path: Path, text: str) -> int:
    """The instant that `--seek` means: seconds from the recording's begin, or a time such as 2026-11-23T09:30:00Z.

    `RecordingError` also where the file is no recording, or nothing is in it.
    """
    first = next(read_recording(path), None)
    if first is None:
        raise RecordingError(f"{path} is empty: the engine was not heard when it was made.")
    try:
        return first.at_ns + int(float(text or 0) * NS)
    except ValueError:
        return _instant_ns(text)


def _instant_ns(text: str) -> int:
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise RecordingError(f"{text} is neither seconds nor a time such as 2026-11-23T09:30:00Z.") from None
    return int((instant if instant.tzinfo else instant.replace(tzinfo=UTC)).timestamp() * NS)


def play(path: Path, from_ns: int, begin: Begin, stop: threading.Event, *, loop: bool) -> None:
    """Play the parts of `path`, each a life that `begin` makes; without `loop` the market then stands until `stop`.

    A file that is broken is played up to there, which is said; `RecordingError` where there is nothing to play.
    """
    while _round(path, from_ns, begin, stop, loop=loop) and loop and not stop.is_set():
        from_ns = 0


def _round(path: Path, from_ns: int, begin: Begin, stop: threading.Event, *, loop: bool) -> bool:
    played = False
    for part in parts(path, from_ns):
        played = True
        if _live(part, begin(part), stop, loop=loop):
            return True
    if not played:
        raise RecordingError(f"{path} has nothing at that time or later: `manage.py replay {path} --list` says more.")
    return True


def _live(part: Part, playback: Playback, stop: threading.Event, *, loop: bool) -> bool:
    """One part; whether it was the round's last."""
    try:
        try:
            playback.run(stop)
            last = stop.is_set() or part.is_last()
        except RecordingError as fault:
            logger.error("The recording is played no further", extra={"why": str(fault)})
            last = True
        if last and not loop:
            logger.info("The recording has ended; the market stands.", extra={"messages": playback.played})
            playback.hold(stop)
    finally:
        playback.close()
    return last
