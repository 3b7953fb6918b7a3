"""A real `manage.py up` on a data directory of its own: how journey tests start, use, hurt and stop it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

import httpx
import psutil
import websockets.asyncio.client
import websockets.sync.client
from websockets.typing import Subprotocol

from tests.frames_fit import FittingConnection, FittingSyncConnection, validators
from tests.secrets_in_logs import DEMO_PASSWORD as DEMO_PASSWORD
from tests.secrets_in_logs import assert_no_secrets

ROOT = Path(__file__).resolve().parent.parent
PARTS = ("engine", "orders", "feed", "worker", "beat", "web")
READY_SECONDS = 60.0
STOP_SECONDS = 15.0
POLL_SECONDS = 0.02
LOG_TAIL_LINES = 60
WINDOWS = sys.platform == "win32"

Found = TypeVar("Found")


def wait_for(look: Callable[[], Found], seconds: float, what: str, tail: Callable[[], str] = str) -> Found:
    """The first true value of `look()`; AssertionError with `what` and `tail()` when it stays false for `seconds`."""
    deadline = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < deadline, f"not within {seconds:.0f} s: {what}\n{tail()}"
        time.sleep(POLL_SECONDS)
    return found


def as_flags(options: Mapping[str, Any]) -> list[str]:
    """`symbols=50, hold_file=p, replay=[a, b], forget=True` → command-line words of `up`."""
    words: list[str] = []
    for name, value in options.items():
        values = value if isinstance(value, (list, tuple)) else [] if value is True else [value]
        words += [f"--{name.replace('_', '-')}", *map(str, values)]
    return words


class Stack:
    """One running `up`. `client` and `ws` speak to it as a user; `kill` and `stop` end parts of it or all of it."""

    def __init__(self, data_dir: Path, environment: Mapping[str, str] | None = None, **flags: Any) -> None:
        self.data_dir = data_dir
        self.data_dir.mkdir(parents=True, exist_ok=True)
        plain = {name: value for name, value in os.environ.items() if not name.startswith("TMW_")}
        # Supervised: should this test process be killed, the end of its pipe stops the whole stack.
        self._environment = {**plain, "TMW_SUPERVISED": "1", **(environment or {})}
        self._flags = as_flags(flags)
        self._process: subprocess.Popen[bytes] | None = None
        self._tokens: dict[str, str] = {}
        self._said = data_dir / "up"

    # --- its life -----------------------------------------------------------------------------------------------------

    def start(self) -> Stack:
        """Start it and wait for the `ready` line."""
        self.launch()
        wait_for(self._has_said_ready, READY_SECONDS, "the line `ready`", self.tail)
        return self

    def launch(self, name: str = "up") -> subprocess.Popen[bytes]:
        """Start it without waiting for anything; what it says goes to `<name>.out` and `<name>.log`."""
        self._tokens.clear()
        self._said = self.data_dir / name
        command = [sys.executable, str(ROOT / "manage.py"), "up", "--port", "0", "--data-dir", str(self.data_dir)]
        with self._said.with_suffix(".out").open("wb") as out, self._said.with_suffix(".log").open("ab") as log:
            self._process = subprocess.Popen(
                [*command, *self._flags],
                env=self._environment,
                stdin=subprocess.PIPE,
                stdout=out,
                stderr=log,
                creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
                process_group=None if WINDOWS else 0,
            )
        return self._process

    def stop(self) -> int:
        """Stop it as a person would; its exit code. It must end by itself."""
        process = self.process
        if process.poll() is None:
            process.send_signal(signal.CTRL_BREAK_EVENT if WINDOWS else signal.SIGTERM)  # type: ignore[attr-defined,unused-ignore]
        wait_for(lambda: process.poll() is not None, STOP_SECONDS, "the end of the stack", self.tail)
        return int(process.returncode)

    def kill_supervisor(self) -> None:
        """kill -9 of `up` itself."""
        self.process.kill()
        self.process.wait()

    def end(self) -> None:
        """Whatever state it is in, nothing of it is left after this; its logs hold no secret. For fixtures."""
        if self._process is None:
            return
        running = [psutil.Process(pid) for pid in (*self.pids().values(), self._process.pid) if psutil.pid_exists(pid)]
        try:
            self.stop()
        finally:
            for process in running:
                if process.is_running():
                    process.kill()
            self._process.wait()
            if self._process.stdin:
                self._process.stdin.close()
        assert_no_secrets(self.data_dir, self._environment)

    def wait_ready(self, seconds: float = READY_SECONDS) -> None:
        """Until every part lives and `/readyz` says 200; after a `kill` that means: until it is back."""
        wait_for(self._is_whole, seconds, "every part healthy", self.tail)

    def kill(self, part: str) -> int:
        """kill -9 of one part; returns its process number once it is gone."""
        pid = wait_for(lambda: self.pids().get(part, 0), READY_SECONDS, f"a process of {part}", self.tail)
        victim = psutil.Process(pid)
        victim.kill()
        wait_for(lambda: not is_alive(pid), STOP_SECONDS, f"the end of {part}", self.tail)
        return pid

    @contextlib.contextmanager
    def frozen(self, part: str) -> Iterator[None]:
        """The part stands still meanwhile."""
        process = psutil.Process(self.pids()[part])
        process.suspend()
        try:
            yield
        finally:
            process.resume()

    # --- what it says -------------------------------------------------------------------------------------------------

    @property
    def process(self) -> subprocess.Popen[bytes]:
        assert self._process is not None, "the stack was not started"
        return self._process

    @property
    def output(self) -> str:
        """Everything on standard output since the last start."""
        return self._said.with_suffix(".out").read_text(encoding="utf-8")

    @property
    def log(self) -> str:
        """Everything on standard error, of all starts."""
        return self._said.with_suffix(".log").read_text(encoding="utf-8", errors="replace")

    def tail(self) -> str:
        return "\n".join(self.log.splitlines()[-LOG_TAIL_LINES:])

    @property
    def addresses(self) -> dict[str, str]:
        """`run/ports.json`."""
        return dict(self._record("ports.json"))

    def pids(self) -> dict[str, int]:
        """`run/parts.json`: the process number of each part that lives."""
        return {name: int(pid) for name, pid in self._record("parts.json").items()}

    def journal(self) -> Path:
        """The engine's journal directory."""
        return self.data_dir / "engine"

    # --- using it -----------------------------------------------------------------------------------------------------

    @property
    def url(self) -> str:
        """`http://127.0.0.1:<port>`, without a slash at the end."""
        return self.addresses["web"]

    @property
    def api(self) -> str:
        return f"{self.url}/api/v1"

    def client(self, username: str) -> httpx.Client:
        """An HTTP client logged in as this demo user; paths are relative to `/api/v1`. Close it or use `with`."""
        return httpx.Client(base_url=self.api, headers={"Authorization": f"Bearer {self.token(username)}"}, timeout=15)

    def token(self, username: str) -> str:
        """An access token, from one login per user."""
        if username not in self._tokens:
            answer = httpx.post(
                f"{self.api}/auth/login", json={"username": username, "password": DEMO_PASSWORD}, timeout=15
            )
            assert answer.status_code == 200, f"login of {username}: {answer.status_code} {answer.text}"
            self._tokens[username] = answer.json()["accessToken"]
        return self._tokens[username]

    def forget_logins(self) -> None:
        """Tokens end after ten minutes: the next client logs in anew."""
        self._tokens.clear()

    def ticket(self, username: str) -> str:
        """A one-use WebSocket ticket."""
        with self.client(username) as client:
            answer = client.post("/auth/ws-ticket")
            assert answer.status_code in (200, 201), f"ticket of {username}: {answer.status_code} {answer.text}"
            return str(answer.json()["ticket"])

    def ws_url(self, path: str, username: str | None) -> str:
        """The socket's URL, with a fresh ticket where a user is named.

        The document is read before: it takes seconds once, and neither a ticket nor a server waits for it.
        """
        validators()
        query = f"?ticket={self.ticket(username)}" if username else ""
        return f"{self.url.replace('http', 'ws', 1)}{path}{query}"

    def ws(
        self, path: str, username: str | None, subprotocol: str = "tmw.json.v1"
    ) -> websockets.asyncio.client.connect:
        """`async with stack.ws("/ws/v1/market", "trader1") as socket:`"""
        return websockets.asyncio.client.connect(
            self.ws_url(path, username),
            subprotocols=[Subprotocol(subprotocol)],
            proxy=None,
            create_connection=FittingConnection,
        )

    def ws_sync(
        self, path: str, username: str | None, subprotocol: str = "tmw.json.v1"
    ) -> websockets.sync.client.ClientConnection:
        """The same for tests without an event loop: `with stack.ws_sync(...) as socket:`"""
        return websockets.sync.client.connect(
            self.ws_url(path, username),
            subprotocols=[Subprotocol(subprotocol)],
            proxy=None,
            create_connection=FittingSyncConnection,
        )

    # --- looking ------------------------------------------------------------------------------------------------------

    def _record(self, name: str) -> dict[str, Any]:
        path = self.data_dir / "run" / name
        return dict(json.loads(path.read_text(encoding="utf-8"))) if path.exists() else {}

    def _has_said_ready(self) -> bool:
        code = self.process.poll()
        assert code is None, f"the stack ended with {code} instead of becoming ready\n{self.tail()}"
        return any(line.startswith("ready") for line in self.output.splitlines())

    def _is_whole(self) -> bool:
        pids = self.pids()
        parts = {*PARTS, *(["standby"] if "order_requests_standby" in self.addresses else [])}
        if set(pids) != parts or not all(map(is_alive, pids.values())):
            return False
        try:
            return httpx.get(f"{self.url}/readyz", timeout=5).status_code == 200
        except httpx.HTTPError:
            return False


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that has ended and waits for its parent does not."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
