"""Keys and contexts for tests on real sockets."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import zmq

from bridge.sockets.curve import ADMITTED, Gatekeeper, KeyRing, make_keys


@pytest.fixture(scope="session")
def keys_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("keys")
    make_keys(directory)
    return directory


@pytest.fixture
def keyring(keys_directory: Path) -> KeyRing:
    return KeyRing(keys_directory)


@pytest.fixture
def context() -> Iterator[zmq.Context]:
    context = zmq.Context()
    yield context
    context.destroy(linger=0)


@pytest.fixture
def gatekeeper(context: zmq.Context, keyring: KeyRing) -> Iterator[Gatekeeper]:
    gatekeeper = Gatekeeper(context, keyring)
    for domain, roles in ADMITTED.items():
        gatekeeper.allow(domain, roles)
    yield gatekeeper
    gatekeeper.stop()
