"""How does a bench run this project? A whole `manage.py up` on a data directory of its own, used as a user would."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

import httpx

from bench import tools
from bench.children import ROOT, Child

DEMO_PASSWORD = "demo-Passw0rd!"
READY_SECONDS = 120.0
STOP_SECONDS = 15.0
TICKET_THREADS = 4
USERNAMES = ("trader1", "trader2", "desk1", "compliance1", "admin1")  #: sockets are shared out: a user may hold so many
#: It ends with this process; and one user at one address here stands for many: what one may do is not what is measured.
ENVIRONMENT = {
    "TMW_SUPERVISED": "1",
    "TMW_WRITES_PER_SECOND": "1000000",
    "TMW_WRITES_BURST": "1000000",
    "TMW_CANCELS_PER_SECOND": "1000000",
    "TMW_CANCELS_BURST": "1000000",
    "TMW_SOCKETS_NEW_PER_SECOND": "100000",
    "TMW_SOCKETS_NEW_BURST": "100000",
}


class Product:
    """`with Product(directory, engine_flags)`: it is ready. `environment`: settings of its own."""

    def __init__(
        self, directory: Path, engine_flags: Sequence[str] = (), *, environment: Mapping[str, str] | None = None
    ) -> None:
        self._data_dir, self._flags = directory / "data", engine_flags
        self._environment = {**ENVIRONMENT, **(environment or {})}
        self._log = directory / "up.log"

    def __enter__(self) -> Self:
        command: list[str | Path] = [
            tools.product_python(),
            ROOT / "manage.py",
            "up",
            "--port",
            "0",
            "--data-dir",
            self._data_dir,
        ]
        self._child = Child([*command, *self._flags], self._log, environment=self._environment)
        try:
            self._await_ready()
        except BaseException:
            self._child.end(seconds=STOP_SECONDS)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._child.end(seconds=STOP_SECONDS)

    def _await_ready(self) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while not self._child.event("line", deadline - time.monotonic())["text"].startswith("ready"):
            pass

    @property
    def pid(self) -> int:
        """The supervisor, in which the channel layer's proxy runs."""
        return self._child.pid

    @property
    def url(self) -> str:
        return str(self._record("ports.json")["web"])

    @property
    def port(self) -> int:
        return urlsplit(self.url).port or 80

    def pids(self) -> dict[str, int]:
        """Process number of each part by its name."""
        return {name: int(pid) for name, pid in self._record("parts.json").items()}

    def logged_in(self, username: str = "trader1") -> httpx.Client:
        """A client with an access token; paths are relative to `/api/v1`."""
        client = httpx.Client(base_url=f"{self.url}/api/v1", timeout=30)
        login = {"username": username, "password": DEMO_PASSWORD}
        answer = client.post("/auth/login", json=login).raise_for_status().json()
        client.headers["Authorization"] = f"Bearer {answer['accessToken']}"
        return client

    def dial_market(self, say: Callable[[str], None], sockets: int) -> None:
        """Say a request target with a fresh one-use ticket for each socket."""
        self._dial("/ws/v1/market", USERNAMES, say, sockets)

    def dial_trading(self, say: Callable[[str], None], sockets: int) -> None:
        """The same for sockets on which one trader places orders."""
        self._dial("/ws/v1/trading", USERNAMES[:1], say, sockets)

    def _dial(self, path: str, usernames: Sequence[str], say: Callable[[str], None], sockets: int) -> None:
        with ExitStack() as held:
            clients = [held.enter_context(closing(self.logged_in(name))) for name in usernames]
            threads = held.enter_context(ThreadPoolExecutor(TICKET_THREADS))

            def dial(number: int) -> None:
                client = clients[number % len(clients)]
                ticket = client.post("/auth/ws-ticket", json={}).raise_for_status().json()["ticket"]
                say(f"{path}?ticket={ticket}")

            for _ in threads.map(dial, range(sockets)):
                pass

    def _record(self, name: str) -> dict[str, str]:
        return dict(json.loads((self._data_dir / "run" / name).read_text(encoding="utf-8")))
