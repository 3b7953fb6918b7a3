"""Keys and addresses of one test."""

from __future__ import annotations

from pathlib import Path

import pytest

from bridge.simulator.sockets import EngineAddresses
from bridge.sockets.keys import KeyRing, make_keys
from tests.bridge.simulator.peer import free_addresses


@pytest.fixture
def keyring(tmp_path: Path) -> KeyRing:
    make_keys(tmp_path / "keys")
    return KeyRing(tmp_path / "keys")


@pytest.fixture
def addresses() -> EngineAddresses:
    return free_addresses()
