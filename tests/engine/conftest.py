"""The programs of the C++ kit, built once per session with all warnings as errors; `filter` with ASan and UBSan.

The reference engine is built where `up` builds it, once for all sessions until its sources change.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeAlias

import pytest

from bridge.sockets.curve import make_keys
from tests.bridge.simulator.peer import EngineProcess
from tests.engine.filter import Filter
from tests.needs import missing, program
from tradingmw.supervisor.reference_engine import build_engine

Command: TypeAlias = Sequence[str | Path]
Launch: TypeAlias = Callable[..., EngineProcess]
PYTHON: Command = EngineProcess.command
KIT = Path(__file__).resolve().parents[2] / "engine"
ZEROMQ = ("/usr/include/zmq.hpp", "/usr/local/include/zmq.hpp")
JSON_READER = ("/usr/include/nlohmann/json.hpp", "/usr/local/include/nlohmann/json.hpp")


@pytest.fixture(scope="session")
def kit(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The build directory of the kit."""
    cmake, _ = program("cmake"), program("g++", "clang++")
    if not any(map(Path.exists, map(Path, JSON_READER))):
        missing("nlohmann-json3-dev")
    made = tmp_path_factory.mktemp("kit")
    options = ["-DTMW_SANITIZE=ON", "-DTMW_ENGINE=OFF", f"-DPython3_EXECUTABLE={sys.executable}"]
    for command in ([cmake, "-S", str(KIT), "-B", str(made), *options], [cmake, "--build", str(made)]):
        done = subprocess.run(command, capture_output=True, text=True, timeout=600)
        assert done.returncode == 0, f"{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    return made


@pytest.fixture(scope="session")
def kit_filter(kit: Path) -> Iterator[Filter]:
    """The running `filter`; a sanitizer's finding would end it."""
    with Filter(kit / "filter") as running:
        yield running


@pytest.fixture(scope="session")
def engine_tools() -> None:
    """What building an engine needs is here."""
    program("cmake"), program("g++", "clang++")
    if not any(map(Path.exists, map(Path, ZEROMQ))):
        missing("libzmq3-dev, cppzmq-dev")


@pytest.fixture(scope="session")
def reference_engine(engine_tools: None) -> Path:
    """The C++ engine's program."""
    return build_engine(print)


@pytest.fixture(scope="session")
def minimal_engine(engine_tools: None) -> Path:
    """That of `engine/examples/minimal`."""
    return build_engine(print, "minimal_engine")


@pytest.fixture(scope="module")
def launch(reference_engine: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Launch]:
    """`launch("--seed", "5")`: a process of the C++ engine, or of what `command` names, on keys of its own."""
    started: list[EngineProcess] = []

    def make(*arguments: str, command: Command | None = None) -> EngineProcess:
        kind = type("AnyEngine", (EngineProcess,), {"command": command or (reference_engine,)})
        directory = tmp_path_factory.mktemp("engine")
        make_keys(directory / "keys")
        started.append(kind(directory, *arguments))
        return started[-1]

    yield make
    for engine in started:
        engine.kill()
