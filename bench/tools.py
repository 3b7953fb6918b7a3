"""What do the benches need besides this project's packages, and what is missing here?

Everything built lies in `var/bench` (and `bench/peers/node_modules`, where Node looks for it) and is built again only
when what it is made from has changed.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import time
import venv
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from bench.children import ROOT
from tradingmw.file_lock import FileLock, HeldByAnother

BUILD = ROOT / "var" / "bench"
LOADGEN_SOURCES = ROOT / "bench" / "loadgen"
PEERS = ROOT / "bench" / "peers"
MODULES = PEERS / "node_modules"
VENV_PYTHON = BUILD / "venv" / "bin" / "python"
OLDEST_NODE = 20
LONGEST_SECONDS = 600
TAIL_LINES = 20
LOOK_SECONDS = 0.2  #: whether another process has made it

Say = Callable[[str], None]


class Missing(RuntimeError):
    """A sentence that says what this machine lacks and how to get it."""


def loadgen(say: Say) -> Path:
    """The load generator, built from bench/loadgen with the C++ compiler of this machine."""
    compiler = os.environ.get("CXX") or shutil.which("g++") or shutil.which("clang++")
    if not compiler:
        raise Missing("no C++ compiler: apt install g++, or set CXX")
    sources = sorted(LOADGEN_SOURCES.glob("*.cpp"))
    program = BUILD / "loadgen"

    def build() -> None:
        say("building the load generator")
        run([compiler, "-std=c++17", "-O2", "-pthread", "-Wall", "-Wextra", "-o", program, *sources])

    when_changed(program, [*sources, *LOADGEN_SOURCES.glob("*.hpp")], build)
    return program


def node(say: Say) -> Path:
    """Node.js, with the locked packages of bench/peers installed; none of their scripts is run."""
    program, npm = need("node", "apt install nodejs npm"), need("npm", "apt install npm")
    version = run([program, "--version"]).strip()
    if int(version.removeprefix("v").split(".")[0]) < OLDEST_NODE:
        raise Missing(f"Node.js {OLDEST_NODE} or newer is needed; {program} is {version}")

    def install() -> None:
        say("installing the Node peers (npm ci)")
        run([npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=PEERS)

    when_changed(MODULES, [PEERS / "package.json", PEERS / "package-lock.json"], install)
    return program


def node_sqlite(say: Say) -> Path:
    """Node.js with better-sqlite3 compiled: its prebuilt programs are not in the npm registry."""
    program = node(say)
    need("g++", "apt install g++ make python3")
    built = MODULES / "better-sqlite3" / "build" / "Release" / "better_sqlite3.node"

    def build() -> None:
        say("compiling better-sqlite3 (once, some minutes)")
        from_source = {"npm_config_build_from_source": "true", "JOBS": "2"}
        run([need("npm", "apt install npm"), "rebuild", "better-sqlite3", "--foreground-scripts"], from_source, PEERS)

    when_changed(built, [PEERS / "package-lock.json"], build)
    return program


def peers_python(say: Say) -> Path:
    """A Python of its own for the Python peers, with bench/peers/requirements.txt: no peer enters the product."""
    lock = PEERS / "requirements.txt"

    def install() -> None:
        say("installing the Python peers (pip, hash-locked)")
        venv.create(BUILD / "venv", with_pip=True, clear=True)
        options = ["--quiet", "--disable-pip-version-check", "--require-hashes", "--no-deps"]
        run([VENV_PYTHON, "-m", "pip", "install", *options, "-r", lock])

    when_changed(VENV_PYTHON, [lock], install)
    return VENV_PYTHON


def need(program: str, advice: str) -> Path:
    found = shutil.which(program)
    if not found:
        raise Missing(f"{program} is not installed: {advice}")
    return Path(found)


def when_changed(made: Path, sources: Iterable[Path], make: Callable[[], None]) -> None:
    """`make()` unless `made` is there and was made from these very sources; by one process at a time."""
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in sorted(sources))).hexdigest()
    stamp = BUILD / f"{made.name}.sha256"

    def is_made() -> bool:
        return made.exists() and stamp.exists() and stamp.read_text() == digest

    while not is_made():
        try:
            with FileLock(BUILD / f"{made.name}.lock"):
                if not is_made():
                    make()
                    stamp.write_text(digest)
        except HeldByAnother:
            time.sleep(LOOK_SECONDS)


def run(command: Sequence[str | Path], environment: Mapping[str, str] | None = None, cwd: Path = ROOT) -> str:
    """What a program says; `Missing` with its last lines where it fails."""
    words = [str(word) for word in command]
    try:
        done = subprocess.run(
            words,
            cwd=cwd,
            env={**os.environ, **(environment or {})},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=LONGEST_SECONDS,
        )
    except subprocess.TimeoutExpired as error:
        raise Missing(f"`{' '.join(words)}` took more than {LONGEST_SECONDS} s") from error
    if done.returncode:
        tail = "\n".join((done.stdout + done.stderr).splitlines()[-TAIL_LINES:])
        raise Missing(f"`{' '.join(words)}` failed:\n{tail}")
    return done.stdout


def product_python() -> Path:
    """The interpreter that runs this project."""
    return Path(sys.executable)
