"""Engine and order bridge as processes: one pair per module, or one per test that hurts them for good."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.orders.bridge.processes import Processes, make_template


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_template(tmp_path_factory.mktemp("template"))


@pytest.fixture(scope="module")
def make_processes(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], Processes]]:
    """Not started yet; ended with the module."""
    with ExitStack() as made:

        def make() -> Processes:
            pair = Processes(template, tmp_path_factory.mktemp("pair") / "data")
            made.callback(pair.end)
            return pair

        yield make


@pytest.fixture(scope="module")
def pair(make_processes: Callable[[], Processes]) -> Processes:
    pair = make_processes()
    pair.start("engine")
    pair.start("orders")
    return pair
