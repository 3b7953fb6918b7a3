"""What do the bench tests share? The load generator, compiled here."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from bench import tools
from tests.needs import program


@pytest.fixture(scope="session")
def loadgen() -> Path:
    if not os.environ.get("CXX") and not shutil.which("clang++"):
        program("g++")
    return tools.loadgen(print)
