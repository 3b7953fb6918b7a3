"""How does the C++ reference engine of `engine/` become a program that `up` can run in place of the Python one?

Configured and built with CMake in `engine/build`, once and again only when its sources have changed; two stacks that
start at the same moment build it one after the other.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from tradingmw.env import ROOT
from tradingmw.file_lock import FileLock, HeldByAnother

KIT: Final = ROOT / "engine"
BUILD: Final = KIT / "build"
TARGET: Final = "reference_engine"
INSTALL: Final = "Debian: apt install g++ cmake make libzmq3-dev cppzmq-dev; Windows: see engine/README.md"
#: What the Python engine can and this one cannot.
NOT_THERE: Final = ("replay", "loop")
COMPILERS: Final = ("c++", "g++", "clang++", "cl")
#: A third of the time that full optimisation takes to compile, for an engine that is never the bottleneck.
OPTIMISED: Final = () if sys.platform == "win32" else ("-DCMAKE_CXX_FLAGS_RELEASE=-O1 -DNDEBUG",)
SHOWN_ON_FAILURE: Final = 30
WAIT_SECONDS: Final = 0.5


class EngineNotBuilt(Exception):
    """There is no program; the text says what to do about it."""


def flags_without_meaning(options: Mapping[str, Any]) -> list[str]:
    """The engine's flags that were given and that this engine does not have."""
    return [f"--{name}" for name in NOT_THERE if options.get(name) is not None]


def build_engine(say: Callable[[str], None], target: str = TARGET) -> Path:
    """The program, built anew where its sources have changed; `EngineNotBuilt` where it cannot be."""
    _check_tools()
    while True:
        try:
            with FileLock(KIT / ".build.lock"):
                return _build(say, target)
        except HeldByAnother as error:
            say(f"Process {error.pid} is building the engine; waiting for it")
            time.sleep(WAIT_SECONDS)


def _check_tools() -> None:
    if not shutil.which("cmake"):
        raise EngineNotBuilt(f"cmake is missing. {INSTALL}")
    if not any(map(shutil.which, COMPILERS)):
        raise EngineNotBuilt(f"A C++ compiler is missing. {INSTALL}")


def _build(say: Callable[[str], None], target: str) -> Path:
    _configure(say)
    _run(["cmake", "--build", str(BUILD), "--config", "Release", "--target", target], say)
    names = (BUILD / target, BUILD / "Release" / f"{target}.exe", BUILD / f"{target}.exe")
    if program := next((path for path in names if path.exists()), None):
        return program
    raise EngineNotBuilt(f"CMake left no {target} in {BUILD}.")


def _configure(say: Callable[[str], None]) -> None:
    """Once; CMake itself looks for changes of its own files at each build."""
    options = ["-DTMW_TESTS=OFF", "-DCMAKE_BUILD_TYPE=Release", *OPTIMISED, f"-DPython3_EXECUTABLE={sys.executable}"]
    stamp, asked = BUILD / "configured", "\n".join(options)
    if stamp.exists() and stamp.read_text(encoding="utf-8") == asked:
        return
    say("Building the C++ engine, a minute or two, only when it has changed")
    _run(["cmake", "-S", str(KIT), "-B", str(BUILD), *options], say)
    stamp.write_text(asked, encoding="utf-8")


def _run(command: Sequence[str], say: Callable[[str], None]) -> None:
    """Run to the end and show progress; `EngineNotBuilt` with its last lines where it fails."""
    last: deque[str] = deque(maxlen=SHOWN_ON_FAILURE)
    with subprocess.Popen(
        list(command), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", cwd=ROOT
    ) as process:
        for line in process.stdout or ():
            last.append(line)
            if re.match(r"\[ *\d+%\] Building", line):
                say(line.strip())
    if process.returncode:
        raise EngineNotBuilt(f"The C++ engine cannot be built. {INSTALL}\n{''.join(last)}")
