"""What do fault tests share? An engine and order bridges as processes, without the rest of the system."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.orders.bridge.processes import Processes, make_template


@pytest.fixture
def processes(tmp_path: Path) -> Iterator[Processes]:
    """Not started yet; ended with the test."""
    processes = Processes(make_template(tmp_path / "template"), tmp_path / "data")
    yield processes
    processes.end()
