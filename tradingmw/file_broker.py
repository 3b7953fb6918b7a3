"""How do messages reach a worker on one machine where no broker is installed? As files in a directory.

A message appears whole (written aside, then renamed) and belongs to whoever deletes it. Only a messenger: the outbox is
the truth, so these files may be lost, doubled or removed by hand, the directory with them. Why not kombu's own:
docs/decisions/0011.
"""

from __future__ import annotations

import json
import logging
import os
import time
from collections import deque
from pathlib import Path
from queue import Empty
from typing import Any, Final
from uuid import uuid4

from kombu.transport import TRANSPORT_ALIASES, virtual

logger = logging.getLogger(__name__)

SCHEME: Final = "tmw-files"
#: A wait for messages ends this soon even without one, so that its caller sees whether it is to stop.
WAIT_SECONDS: Final = 0.25
SUFFIX: Final = ".json"


class Channel(virtual.Channel):
    """One directory per queue below the transport option `directory`."""

    supports_fanout = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        client: Any = self.connection.client
        self._directory = Path(client.transport_options["directory"])
        self._listed: dict[str, deque[Path]] = {}

    def _put(self, queue: str, message: dict[str, Any], **kwargs: Any) -> None:
        directory = self._directory / queue
        directory.mkdir(parents=True, exist_ok=True)
        name = f"{time.time_ns():020d}-{uuid4().hex}"
        aside = directory / f"{name}.part"
        aside.write_text(json.dumps(message), encoding="utf-8")
        os.replace(aside, directory / f"{name}{SUFFIX}")  # noqa: PTH105 - Path.replace is the same call

    def _get(self, queue: str, timeout: float | None = None) -> dict[str, Any]:
        """The oldest message; Empty where there is none."""
        waiting = self._listed.get(queue) or deque(self._files(queue))
        self._listed[queue] = waiting
        while waiting:
            if (message := _taken(waiting.popleft())) is not None:
                return message
        raise Empty

    def _size(self, queue: str) -> int:
        return len(self._files(queue))

    def _purge(self, queue: str) -> int:
        return sum(_taken(path) is not None for path in self._files(queue))

    def _files(self, queue: str) -> list[Path]:
        try:
            with os.scandir(self._directory / queue) as entries:
                return sorted(Path(entry) for entry in entries if entry.name.endswith(SUFFIX))
        except FileNotFoundError:
            return []


def _taken(path: Path) -> dict[str, Any] | None:
    """The message, which is ours alone now; None where another was first or it cannot be read."""
    try:
        content = path.read_bytes()
        path.unlink()
    except OSError:  # taken by another, or (Windows) just open there: it will be listed again
        return None
    try:
        message = json.loads(content)
    except ValueError:
        message = None
    if not isinstance(message, dict) or not {"body", "properties"} <= message.keys():
        logger.warning("A file that is no message was thrown away", extra={"file": path.name})
        return None
    return message


class Transport(virtual.Transport):
    """kombu's view of it; queues and bindings are declared anew by each process."""

    Channel = Channel
    state = virtual.BrokerState()
    driver_type = driver_name = SCHEME

    def drain_events(self, connection: Any, timeout: float | None = None) -> None:  # type: ignore[override]
        super().drain_events(connection, timeout=min(timeout or WAIT_SECONDS, WAIT_SECONDS))

    def driver_version(self) -> str:
        return "1"


TRANSPORT_ALIASES[SCHEME] = f"{__name__}:Transport"
