"""What do the bench tests share? The load generator, compiled here."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest

from bench import tools
from tests.needs import program

collect_ignore_glob = [] if sys.platform == "linux" else ["test_*.py"]  # they read /proc


@pytest.fixture(scope="session")
def loadgen() -> Path:
    if not os.environ.get("CXX") and not shutil.which("clang++"):
        program("g++")
    return tools.loadgen(print)
