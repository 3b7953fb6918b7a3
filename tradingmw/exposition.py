"""Where does Prometheus find the figures of each process? A port of its own each; for web see metrics_view.py."""

from __future__ import annotations

import gc
import logging
import os
import time
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

import psutil
from prometheus_client import REGISTRY, CollectorRegistry, start_http_server
from prometheus_client.core import Metric

from tradingmw.env import Env
from tradingmw.metrics import (
    GC_LONGEST,
    GC_RUNS,
    GC_SECONDS,
    PROCESS_CPU,
    PROCESS_INFO,
    PROCESS_MEMORY,
    PROCESS_THREADS,
)

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


def _by_generation(figures: list[int] | list[float]) -> dict[str, float]:
    return {str(generation): float(figure) for generation, figure in enumerate(figures)}
