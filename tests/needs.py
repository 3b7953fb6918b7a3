"""What does a test do where something it needs is not on this machine? Skip and say so; in CI it fails instead."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest


def missing(what: str) -> None:
    """End the running test: `what` it needs is not here."""
    if os.environ.get("CI", "").lower() in ("1", "true"):
        pytest.fail(f"missing in CI: {what}")
    pytest.skip(f"missing here: {what}")


def program(*names: str) -> str:
    """The path of the first of these programs that is installed."""
    found = next((path for name in names if (path := shutil.which(name))), None)
    if found is None:
        missing(f"program {' or '.join(names)}")
    return str(found)


def data(path: Path) -> Path:
    """`path` itself, where the recorded market data lies beside the project."""
    if not path.exists():
        pytest.skip(f"missing here: {path}")  # in CI too: the recordings are not part of the repository
    return path
