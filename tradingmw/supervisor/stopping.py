"""How is a long-running command told to stop, on every system and by every parent?

Three ways lead to one event: a signal (Ctrl-C, SIGTERM, on Windows Ctrl-Break), the end of standard input
when a supervisor started us (`TMW_SUPERVISED=1`; the only way that Windows has too, and the one that also works
when the supervisor was killed and can say nothing any more), or the code itself.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
from collections.abc import Callable
from types import FrameType

logger = logging.getLogger(__name__)

SUPERVISED = "TMW_SUPERVISED"
SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGBREAK") if hasattr(signal, name)]
#: An orphan that has not stopped this long after its parent's end ends hard: nobody is left to kill it.
ORPHAN_GRACE_SECONDS = 10.0
ORPHAN_EXIT_CODE = 70


def stop_event(
    on_second_signal: Callable[[], None] | None = None, orphan_grace_seconds: float = ORPHAN_GRACE_SECONDS
) -> threading.Event:
    """The event that is set once this process is to stop; call it once, early, in the main thread.

    A second signal ends the process at once unless `on_second_signal` is given. Wait on the event with a
    time-out: on Windows a wait without one is not woken by Ctrl-C.
    """
    stop = threading.Event()
    _listen_to_signals(stop, on_second_signal)
    if os.environ.get(SUPERVISED) == "1":
        threading.Thread(
            target=_watch_standard_input, args=(stop, orphan_grace_seconds), name="stop-on-eof", daemon=True
        ).start()
    return stop


def _listen_to_signals(stop: threading.Event, on_second: Callable[[], None] | None) -> None:
    def on_signal(number: int, frame: FrameType | None) -> None:
        if not stop.is_set():
            stop.set()
        elif on_second:
            on_second()
        else:
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)

    for number in SIGNALS:
        signal.signal(number, on_signal)


def _watch_standard_input(stop: threading.Event, grace_seconds: float) -> None:
    # The bare descriptor: a thread blocked in sys.stdin's buffer would hold its lock at interpreter exit.
    descriptor = sys.stdin.fileno()
    while os.read(descriptor, 4096):
        continue
    stop.set()
    # The process normally ends long before this wait does; the thread is a daemon.
    threading.Event().wait(grace_seconds)
    logger.error("Did not stop in time after the supervisor's end; ending hard")
    os._exit(ORPHAN_EXIT_CODE)
