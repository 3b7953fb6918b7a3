"""What must be there before the first part starts, and how do the pieces of `up` come together?"""

from __future__ import annotations

import contextlib
import logging
import os
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from threading import Event
from typing import Final

from django.core.management import call_command
from django.db import connections

from accounts.demo import DESK, PASSWORD, USERS, demo_create
from bridge.sockets.curve import KeyRing, Role, make_keys
from notifications.schedule.canary import canary_forget
from orders.limits.demo import demo_limits_create
from tradingmw.env import Env, env
from tradingmw.file_lock import FileLock
from tradingmw.garbage import collect_seldom
from tradingmw.held_keys import check_keys
from tradingmw.layers import LayerProxy
from tradingmw.logs import formatter_of
from tradingmw.supervisor.addresses import HOST, LAYER, Ports, as_environment, choose_addresses
from tradingmw.supervisor.console import BoardHandler, LogBoard
from tradingmw.supervisor.health import HealthProbe
from tradingmw.supervisor.keeper import Keeper
from tradingmw.supervisor.parts import ORDER_BRIDGES, Part, parts_of
from tradingmw.supervisor.process import ChildProcess, manage
from tradingmw.supervisor.records import RunRecords
from tradingmw.supervisor.supervisor import Supervisor

logger = logging.getLogger(__name__)

ANY_HOST: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - only recognised here, nothing binds to it


class Stack:
    """All parts of one machine over one data directory, from the first look at it to the end of the last part.

    `say` gets the lines for standard output: addresses, logins, and one that begins with `ready`.
    """

    def __init__(
        self,
        board: LogBoard,
        say: Callable[[str], None],
        engine_arguments: Sequence[str],
        *,
        standby: bool = False,
        engine_program: Path | None = None,
    ) -> None:
        self._board = board
        self._say = say
        self._standby = standby
        self._engine_program = engine_program  #: in place of `manage.py engine`
        self._arguments = {"engine": engine_arguments}
        self._settings: dict[str, dict[str, object]] = {}  #: of parts whose settings differ from the others'
        self._began = time.monotonic()
        self._metrics_ports: dict[str, int] = {}

    def run(self, web_port: int, stop: Event, at_once: Event) -> int:
        """The exit code. `web_port` 0 chooses one. HeldByAnother, PortTaken where it cannot be run here and now."""
        with contextlib.ExitStack() as held:
            held.callback(self._board.close)
            held.enter_context(FileLock(env().data_dir / "run" / "up.lock"))
            ports = held.enter_context(contextlib.closing(Ports()))
            settings = settle(web_port, ports)
            records = RunRecords(settings.data_dir)
            parts = parts_of(settings, standby=self._standby)
            self._metrics_ports = {part.name: ports.choose() for part in parts if self._has_metrics_port(part)}
            beside = self._arrange_standby(ports) if self._standby else {}
            shown = {**addresses(settings), **beside, **metrics_addresses(settings, self._metrics_ports)}
            records.write_addresses(shown)
            prepare(settings)
            if not settings.redis_url:
                proxy = LayerProxy(KeyRing(settings.keys), settings.layer_publish, settings.layer_subscribe)
                held.callback(proxy.stop)
            collect_seldom()
            self._say_addresses(settings)
            return self._supervisor(settings, records).run(stop, at_once)

    def _arrange_standby(self, ports: Ports) -> dict[str, str]:
        """Two order bridges: an address of its own for the second; whichever finds the lease held waits."""
        address = f"tcp://{HOST}:{ports.choose()}"
        self._arguments |= dict.fromkeys(ORDER_BRIDGES, ("--standby",))
        self._settings["standby"] = {"order_requests": address}
        return {"order_requests_standby": address}

    def _supervisor(self, settings: Env, records: RunRecords) -> Supervisor:
        host = ANY_HOST.get(settings.web_host, settings.web_host)
        keepers = [self._keeper(part) for part in parts_of(settings, standby=self._standby)]
        return Supervisor(keepers, HealthProbe(host, settings.web_port), records, self._say_ready)

    def _keeper(self, part: Part) -> Keeper:
        command = self._command(part)
        port = self._metrics_ports.get(part.name, 0)
        own = self._settings.get(part.name, {})
        environment = as_environment({"part": part.name, "metrics_port": port, **own})

        def start() -> ChildProcess:
            return ChildProcess(command, environment, on_lines=partial(self._board.lines, part.name))

        return Keeper(part, start, report=logger.warning)

    def _command(self, part: Part) -> list[str]:
        arguments = self._arguments.get(part.name, ())
        if part.is_engine and self._engine_program:
            return [str(self._engine_program), *arguments]
        return manage([*part.command, *arguments])

    def _has_metrics_port(self, part: Part) -> bool:
        """The page shows its own; an engine that is another program shows none."""
        return part.name != "web" and not (part.is_engine and self._engine_program)

    def _say_addresses(self, settings: Env) -> None:
        page = addresses(settings)["web"]
        self._say(f"page      {page}/")
        self._say(f"API       {page}/api/v1/    document: {page}/api/v1/openapi.json")
        self._say(f"sockets   {page.replace('http', 'ws', 1)}/ws/v1/market  /ws/v1/trading")
        self._say(f"admin     {page}/admin/")
        if settings.demo:
            names = ", ".join(user.username for user in USERS)
            self._say(f"logins    {names} (traders of desk {DESK} first); password of all: {PASSWORD}")

    def _say_ready(self) -> None:
        self._say(f"ready     after {time.monotonic() - self._began:.1f} s; Ctrl-C stops everything")


def settle(web_port: int, ports: Ports) -> Env:
    """Choose every address and make the settings of this process and of all parts say so."""
    port = ports.claim(env().web_host, web_port) if web_port else ports.choose()
    chosen = {**choose_addresses(env(), ports), "web_port": port, "data_dir": env().data_dir.resolve()}
    os.environ.update(as_environment(chosen))
    env.cache_clear()
    return env()


def addresses(settings: Env) -> dict[str, str]:
    """What `ports.json` says: every address by the name of its setting; `web` is the page's."""
    host = ANY_HOST.get(settings.web_host, settings.web_host)
    unused = LAYER if settings.redis_url else ()
    links = {
        name: value
        for name, value in settings.model_dump().items()
        if str(value).startswith("tcp://") and name not in unused
    }
    return {"web": f"http://{f'[{host}]' if ':' in host else host}:{settings.web_port}", **links}


def metrics_addresses(settings: Env, ports: Mapping[str, int]) -> dict[str, str]:
    """Where each part shows its figures: `metrics_<part>`."""
    shown = {f"metrics_{name}": f"http://{HOST}:{port}/metrics" for name, port in ports.items()}
    return {"metrics_web": f"{addresses(settings)['web']}/metrics", **shown}


def prepare(settings: Env) -> None:
    """Keys, tables and (in the demo) users; all of it harmless when it is there already."""
    if settings.demo:
        make_keys(settings.keys)
        settings.field_keys_text()
    if not settings.redis_url:
        check_keys(settings, Role.LAYER)
    call_command("migrate", interactive=False, verbosity=0)
    if settings.demo:
        demo_create()
        demo_limits_create()
    canary_forget()
    connections.close_all()
    logger.info("Keys and database are ready in %s", settings.data_dir)


def log_to_board(board: LogBoard) -> None:
    """This process's own log lines go where those of its parts go."""
    handler = BoardHandler(board)
    handler.setFormatter(formatter_of(env().json_logs, "up"))
    logging.getLogger().handlers = [handler]
