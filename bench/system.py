"""Which running system is to be tested, and what must be asked of it first: is it ready, who are we, what is traded?"""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import cycle, islice
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

TIMEOUT_SECONDS = 15.0
TICKET_THREADS = 4
TICKET_ATTEMPTS = 40
LONGEST_PAUSE_SECONDS = 5.0
PAGE = 1_000
CLOCK_LOOKS = 7
TOO_MANY = 429


class Unfit(RuntimeError):
    """A sentence that says why this system cannot be tested from here, and what to do."""


@dataclass(frozen=True)
class Login:
    username: str
    password: str


@dataclass(frozen=True)
class System:
    """`pids` by part: of a system on this machine, whose processes can be looked at."""

    url: str
    logins: Sequence[Login]
    pids: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def on_this_machine(cls, data_dir: Path, logins: Sequence[Login]) -> System:
        """The one that `up` runs over `data_dir`."""
        run = data_dir / "run"
        try:
            url = json.loads((run / "ports.json").read_text(encoding="utf-8"))["web"]
            pids = json.loads((run / "parts.json").read_text(encoding="utf-8"))
        except FileNotFoundError as error:
            raise Unfit(f"Nothing runs over {data_dir}: start it with `manage.py up`, or give --url.") from error
        return cls(url, logins, pids)

    @property
    def host(self) -> str:
        return urlsplit(self.url).hostname or ""

    @property
    def port(self) -> int:
        return urlsplit(self.url).port or 80

    def check(self) -> None:
        """Raises `Unfit` unless it can be reached and says that it is ready."""
        parts = urlsplit(self.url)
        if parts.scheme != "http" or not parts.hostname:
            raise Unfit(f"{self.url} is not http://host:port; with TLS, name the web process behind the proxy.")
        status, body = self._asked("GET", "/readyz")
        if status != 200:
            wrong = {name: state for name, state in body.get("parts", {}).items() if state != "ok"}
            raise Unfit(f"{self.url} is not ready ({wrong or status}): see {self.url}/readyz.")

    def tokens(self) -> list[str]:
        """An access token for each login."""
        return [self._token(login) for login in self.logins]

    def _token(self, login: Login) -> str:
        status, body = self._asked("POST", "/api/v1/auth/login", body=vars(login))
        if status == 200 and "accessToken" in body:
            return str(body["accessToken"])
        said = body.get("detail") or body.get("title") or status
        raise Unfit(f"{login.username} cannot log in: {said} Give --username and --password of a user of this system.")

    def symbols(self, token: str) -> list[str]:
        """Of all instruments; the first is the most popular."""
        found: list[str] = []
        page: dict[str, Any] = {"limit": PAGE}
        while page:
            status, body = self._asked("GET", f"/api/v1/instruments?{urlencode(page)}", token)
            if status != 200:
                raise Unfit(f"{self.url} does not list its instruments: {body.get('detail', status)}")
            found += [item["symbol"] for item in body["items"]]
            following = body.get("nextPageToken")
            page = {"limit": PAGE, "pageToken": following} if following else {}
        if not found:
            raise Unfit(f"{self.url} trades nothing yet: its engine link has not been up.")
        return found

    def dial(self, tokens: Sequence[str], say: Callable[[str], None], sockets: int) -> None:
        """Say a request target with a fresh ticket for each socket; the logins take turns."""

        def one(token: str) -> None:
            say(f"/ws/v1/market?ticket={self._ticket(token)}")

        with ThreadPoolExecutor(TICKET_THREADS) as threads:
            for _ in threads.map(one, islice(cycle(tokens), sockets)):
                pass

    def _ticket(self, token: str) -> str:
        for pause in pauses():
            status, body = self._asked("POST", "/api/v1/auth/ws-ticket", token, {})
            if status == 200:
                return str(body["ticket"])
            if status != TOO_MANY:
                break
            time.sleep(pause)
        raise Unfit(f"{self.url} gives no more tickets: {body.get('detail', status)}")

    def clock_ahead_us(self, token: str) -> int:
        """How far its clock is before ours, from the ping that took the shortest; 0 on this machine."""
        if self.pids:
            return 0
        address = f"ws://{urlsplit(self.url).netloc}/ws/v1/market?ticket={self._ticket(token)}"
        with connect(address, subprotocols=[Subprotocol("tmw.json.v1")]) as socket:
            return min(clock_look(socket) for _ in range(CLOCK_LOOKS))[1]

    def _asked(
        self, method: str, path: str, token: str = "", body: Mapping[str, Any] | None = None
    ) -> tuple[int, dict[str, Any]]:
        """Status and JSON of the answer, whatever it is; `Unfit` where there is none."""
        headers = {"Content-Type": "application/json", **({"Authorization": f"Bearer {token}"} if token else {})}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url}{path}", data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:
                return answer.status, as_object(answer.read())
        except urllib.error.HTTPError as refused:
            return refused.code, as_object(refused.read())
        except OSError as error:
            raise Unfit(f"Nothing answers at {self.url} ({error}): is it running? `manage.py up` starts it.") from error


def clock_look(socket: ClientConnection) -> tuple[int, int]:
    """How long a ping took, and how far the other clock was before ours, in microseconds."""
    asked_us = time.time_ns() // 1000
    socket.send(json.dumps({"id": 1, "method": "ping"}))
    answer: dict[str, Any] = {}
    while answer.get("id") != 1:
        answer = json.loads(socket.recv(TIMEOUT_SECONDS))
    took_us = time.time_ns() // 1000 - asked_us
    return took_us, int(answer["result"]["ts"]) - asked_us - took_us // 2


def pauses() -> Iterator[float]:
    """How long to wait after each refusal; ever longer."""
    return (min(0.1 * 1.5**attempt, LONGEST_PAUSE_SECONDS) for attempt in range(TICKET_ATTEMPTS))


def as_object(text: bytes) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
