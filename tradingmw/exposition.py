"""Where does Prometheus find the figures of each process? A port of its own each; the web process shows `/metrics`."""

from __future__ import annotations

import gc
import ipaddress
import logging
import os
import time
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

import psutil
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest, start_http_server
from prometheus_client.core import Metric

from bridge.sockets.pump import process_pump
from tradingmw.env import Env, env
from tradingmw.errors import NotFound
from tradingmw.metrics import (
    GC_LONGEST,
    GC_RUNS,
    GC_SECONDS,
    PROCESS_CPU,
    PROCESS_INFO,
    PROCESS_MEMORY,
    PROCESS_THREADS,
    PUMP_WAITING,
)
from tradingmw.problem import problem_response

logger = logging.getLogger(__name__)
HOST: Final = "127.0.0.1"
GENERATIONS: Final = 3


class GarbageWatch:
    """How often and how long garbage collection stopped this process. No locks: it runs inside any allocation."""

    def __init__(self) -> None:
        self.runs = [0] * GENERATIONS
        self.seconds = [0.0] * GENERATIONS
        self.longest_seconds = 0.0
        self._began = 0.0

    def __call__(self, phase: str, info: dict[str, int]) -> None:
        if phase == "start":
            self._began = time.perf_counter()
            return
        took = time.perf_counter() - self._began
        self.runs[info["generation"]] += 1
        self.seconds[info["generation"]] += took
        self.longest_seconds = max(self.longest_seconds, took)


class OwnFigures(CollectorRegistry):
    """What one part shows: its own figures and those that every process has, not the empty ones of other parts."""

    def __init__(self, part: str) -> None:
        super().__init__()
        self._prefixes = (f"tmw_{part}_", "tmw_process_")

    def collect(self) -> Iterator[Metric]:
        for family in REGISTRY.collect():
            if not family.name.startswith("tmw_") or family.name.startswith(self._prefixes):
                yield family


@lru_cache(maxsize=1)
def figures_of(part: str) -> OwnFigures:
    return OwnFigures(part)


@lru_cache(maxsize=1)
def show_process(part: str) -> None:
    """Figures that every process has."""
    process, garbage = psutil.Process(os.getpid()), GarbageWatch()
    gc.callbacks.append(garbage)
    PROCESS_INFO.read_from(lambda: {part: 1.0})
    PROCESS_MEMORY.read_from(lambda: process.memory_info().rss)
    PROCESS_CPU.read_from(lambda: sum(process.cpu_times()[:2]))
    PROCESS_THREADS.read_from(process.num_threads)
    GC_RUNS.read_from(lambda: _by_generation(garbage.runs))
    GC_SECONDS.read_from(lambda: _by_generation(garbage.seconds))
    GC_LONGEST.read_from(lambda: garbage.longest_seconds)


def serve_metrics(settings: Env, part: str) -> None:
    """Show this process's figures on its port until it ends; a port that is taken costs the figures only."""
    show_process(settings.part or part)
    if not settings.metrics_port:
        return
    try:
        start_http_server(settings.metrics_port, HOST, registry=figures_of(settings.part or part))
    except OSError as error:
        logger.error(
            "The figures of this process cannot be shown", extra={"port": settings.metrics_port, "why": str(error)}
        )


async def web_metrics_shown() -> None:
    """For the start of the web process."""
    show_process("web")
    PUMP_WAITING.read_from(lambda: process_pump().waiting)


@csrf_exempt
def metrics(request: HttpRequest) -> HttpResponse:
    """`/metrics` of the web process, for the networks that `TMW_METRICS_ALLOWED` names; nobody else learns of it."""
    if not is_allowed(request.META.get("REMOTE_ADDR", ""), tuple(env().metrics_allowed)):
        return problem_response(request, NotFound())
    return HttpResponse(generate_latest(figures_of("web")), content_type=CONTENT_TYPE_LATEST)


def is_allowed(address: str, networks: tuple[str, ...]) -> bool:
    """Whether `address` lies in one of `networks`; an address that is none lies in none."""
    try:
        asked = ipaddress.ip_address(address)
    except ValueError:
        return False
    return any(asked in ipaddress.ip_network(network, strict=False) for network in networks)


def _by_generation(figures: list[int] | list[float]) -> dict[str, float]:
    return {str(generation): float(figure) for generation, figure in enumerate(figures)}
