"""Is the whole system ready? Asks `/readyz` again and again, in a thread of its own: it must not hold the keeper up."""

from __future__ import annotations

import http.client
import threading
import time
from typing import Final, NamedTuple

ASK_EVERY_SECONDS: Final = 0.25  #: until it is ready; then less often
CONFIRM_EVERY_SECONDS: Final = 1.0
TIMEOUT_SECONDS: Final = 2.0
ANSWER_BYTES: Final = 4_096


class Answer(NamedTuple):
    """What `/readyz` said to a question sent at `asked_at` (monotonic seconds); no `fault` means ready."""

    fault: str
    asked_at: float


class HealthProbe:
    """Keeps the last answer."""

    def __init__(self, host: str, port: int) -> None:
        self._host, self._port = host, port
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._ask_on, name="health-probe", daemon=True)
        self.last = Answer("/readyz was not asked yet", float("-inf"))

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._ended.set()
        self._thread.join(timeout=TIMEOUT_SECONDS)

    def _ask_on(self) -> None:
        while not self._ended.wait(ASK_EVERY_SECONDS if self.last.fault else CONFIRM_EVERY_SECONDS):
            asked_at = time.monotonic()
            self.last = Answer(self._ask(), asked_at)

    def _ask(self) -> str:
        connection = http.client.HTTPConnection(self._host, self._port, timeout=TIMEOUT_SECONDS)
        try:
            connection.request("GET", "/readyz", headers={"Connection": "close"})
            answer = connection.getresponse()
            text = answer.read(ANSWER_BYTES).decode("utf-8", "replace")
            return "" if answer.status == 200 else f"/readyz answers {answer.status}: {text}"
        except (OSError, http.client.HTTPException) as error:
            return f"/readyz does not answer: {error or type(error).__name__}"
        finally:
            connection.close()
