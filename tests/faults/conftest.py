"""What do fault tests share? An engine and order bridges as processes, alone or with a go-between."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.crossing import LONG, SHORT, Crossed, crossing
from tests.orders.bridge.processes import Processes, make_template


@pytest.fixture
def processes(tmp_path: Path) -> Iterator[Processes]:
    """Not started yet; ended with the test."""
    processes = Processes(make_template(tmp_path / "template"), tmp_path / "data")
    yield processes
    processes.end()


@pytest.fixture(scope="module")
def crossed(tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config) -> Iterator[Crossed]:
    """One bridge and its engine for all tests of a file."""
    with crossing(tmp_path_factory.mktemp("crossed"), LONG if pytestconfig.getoption("--long") else SHORT) as crossed:
        yield crossed
