#!/usr/bin/env python3
"""The two commands of this project, on a machine with Python and nothing else.

    python3 dev.py up [--port 8000] [--data-dir var]    run everything on this machine
    python3 dev.py test [--long] [pytest arguments]     check everything

Standard library only. Makes `.venv`, installs the hash-locked requirements when their lock has changed, hands over.
"""

from __future__ import annotations

import collections
import hashlib
import importlib.util
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tradingmw.file_lock import FileLock, HeldByAnother

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
STAMPS = VENV / "installed.json"
WINDOWS = os.name == "nt"
VENV_PYTHON = VENV / ("Scripts/python.exe" if WINDOWS else "bin/python")
RUNTIME, DEVELOPMENT = "requirements.txt", "requirements-dev.txt"
#: What else an install of one lock satisfies: the development lock holds every pin of the other (a test says so).
SATISFIES = {RUNTIME: [RUNTIME], DEVELOPMENT: [RUNTIME, DEVELOPMENT]}
OLDEST, NEWEST = (3, 11), (3, 13)
#: The whole suite runs file by file on all cores (a file's tests share what they started), a part of it in one process.
SIDE_BY_SIDE = [
    "-m",
    "not alone",
    "-p",
    "tests.workers",
    "-n",
    "logical",
    "--maxprocesses",
    "4",
    "--dist",
    "loadfile",
    "--no-loadscope-reorder",
    # A worker that died or hangs ends the run: xdist waits for ever for the files that it gives out a second time.
    "--max-worker-restart=0",
    "--override-ini=faulthandler_timeout=600",
    "--override-ini=faulthandler_exit_on_timeout=true",
]
#: Then what compares speeds under faults: the other tests would be the greatest fault of all.
ALONE = ["-m", "alone"]
SOME_FAILED = 1  #: what pytest ends with then; any other code but 0 says that it did not run them all
PIP = ["-m", "pip", "--disable-pip-version-check", "--no-input"]
SHOWN_ON_FAILURE = 30


def main(arguments: list[str]) -> int:
    command, rest = (arguments[0], arguments[1:]) if arguments else ("", [])
    if command not in COMMANDS:
        print(__doc__)
        return 0 if command in ("-h", "--help") else 2
    check_python()
    return COMMANDS[command](rest)


def up(arguments: list[str]) -> int:
    """Run everything; on POSIX this very process becomes the supervisor, so that signals reach it."""
    install(RUNTIME)
    command = [str(VENV_PYTHON), str(ROOT / "manage.py"), "up", *arguments]
    if not WINDOWS:
        os.execv(command[0], command)
    return run(command, dict(os.environ))


def test(arguments: list[str]) -> int:
    """Check everything, in a data directory of its own and without this machine's settings."""
    install(DEVELOPMENT)
    plain = {name: value for name, value in os.environ.items() if not name.startswith("TMW_")}
    with tempfile.TemporaryDirectory(prefix="tradingmw-test-", ignore_cleanup_errors=True) as data_dir:
        command = [str(VENV_PYTHON), "-m", "pytest", "--rootdir", str(ROOT), "-c", str(ROOT / "pyproject.toml")]
        settings = {"TMW_DATA_DIR": data_dir, "PYTHONPATH": str(ROOT)}
        environment = {**plain, **settings}
        if arguments:
            return run([*command, *arguments], environment)
        side_by_side = run([*command, *SIDE_BY_SIDE, str(ROOT / "tests")], environment)
        if side_by_side not in (0, SOME_FAILED):
            return side_by_side
        return run([*command, *ALONE, str(ROOT / "tests")], environment) or side_by_side


COMMANDS = {"up": up, "test": test}


def check_python() -> None:
    """End with a sentence that helps where this Python cannot be used."""
    if not OLDEST <= sys.version_info[:2] <= NEWEST:
        names = [f"python3.{minor}" for minor in range(NEWEST[1], OLDEST[1] - 1, -1)]
        found = next((name for name in names if shutil.which(name)), None)
        advice = f"run: {found} dev.py {' '.join(sys.argv[1:])}" if found else "install one of them, please"
        sys.exit(f"This needs Python 3.{OLDEST[1]} to 3.{NEWEST[1]}; this is {sys.version.split()[0]}. So {advice}")
    if sys.prefix == sys.base_prefix and not VENV_PYTHON.exists() and not can_make_venv():
        package = f"python3.{sys.version_info[1]}-venv"
        sys.exit(
            f"This Python cannot make virtual environments. Install the package that can, then run this again:\n"
            f"  Debian, Ubuntu:  apt install python3-venv   (or {package})\n"
            f"  others:          the package with Python's modules venv and ensurepip"
        )


def can_make_venv() -> bool:
    return all(importlib.util.find_spec(module) for module in ("venv", "ensurepip"))


def install(lock_name: str) -> None:
    """Make `.venv` hold what the lock says; nothing to do in most cases. One dev.py at a time."""
    while is_outdated(lock_name):
        try:
            with FileLock(ROOT / ".venv.lock"):
                if is_outdated(lock_name):
                    make_venv()
                    install_lock(lock_name)
        except HeldByAnother as error:
            print(f"Another dev.py (process {error.pid}) is installing; waiting for it", file=sys.stderr)
            time.sleep(2)


def is_outdated(lock_name: str) -> bool:
    return not VENV_PYTHON.exists() or read_stamps().get(lock_name) != digest(lock_name)


def digest(lock_name: str) -> str:
    return hashlib.sha256((ROOT / lock_name).read_bytes().replace(b"\r\n", b"\n")).hexdigest()


def read_stamps() -> dict[str, str]:
    """Digest by lock of what was installed to its end; an unreadable file means: nothing."""
    try:
        stamps = json.loads(STAMPS.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return stamps if isinstance(stamps, dict) else {}


def write_stamps(stamps: dict[str, str]) -> None:
    STAMPS.write_text(json.dumps(stamps, indent=1), encoding="utf-8")


def make_venv() -> None:
    """A virtual environment that works; one that was left half made, or of another Python, is made anew."""
    if venv_works():
        return
    print("Making .venv", file=sys.stderr)
    made = subprocess.run([sys.executable, "-m", "venv", "--clear", str(VENV)], capture_output=True, text=True)
    if made.returncode:
        sys.exit(f"Could not make .venv:\n{made.stdout}{made.stderr}")


def venv_works() -> bool:
    if not VENV_PYTHON.exists():
        return False
    question = "import pip, sys; print(sys.version_info[0], sys.version_info[1])"
    answer = subprocess.run([str(VENV_PYTHON), "-c", question], capture_output=True, text=True)
    if answer.returncode:
        return False
    major, minor = answer.stdout.split()
    return OLDEST <= (int(major), int(minor)) <= NEWEST


def install_lock(lock_name: str) -> None:
    """pip-install the lock with its hashes, showing progress; its stamp is only there after success."""
    names = SATISFIES[lock_name]
    write_stamps({name: value for name, value in read_stamps().items() if name not in names})
    total = len(re.findall(r"^[A-Za-z0-9][^ ]*==", (ROOT / lock_name).read_text(encoding="utf-8"), re.MULTILINE))
    print(f"Installing {lock_name} ({total} packages; a minute or two, only when it has changed)", file=sys.stderr)
    started = time.monotonic()
    pip = [str(VENV_PYTHON), *PIP, "install", "--require-hashes", "--progress-bar", "off", "-r", str(ROOT / lock_name)]
    show_pip(pip, total)
    write_stamps({**read_stamps(), **{name: digest(name) for name in names}})
    print(f"Installed in {time.monotonic() - started:.0f} s", file=sys.stderr)


def show_pip(command: list[str], total: int) -> None:
    """Run pip with a line of progress; its last lines and an exit where it fails."""
    last: collections.deque[str] = collections.deque(maxlen=SHOWN_ON_FAILURE)
    seen = 0
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    ) as pip:
        for line in pip.stdout or ():
            last.append(line)
            if line.startswith("Collecting "):
                seen += 1
                show_progress(f"  {seen} of {total}: {line.split()[1]}", is_milestone=seen % 25 == 0)
            elif line.startswith("Installing collected"):
                show_progress("  unpacking", is_milestone=True)
    show_progress("", is_milestone=False)
    if pip.returncode:
        sys.exit(f"pip failed:\n{''.join(last)}")


def show_progress(text: str, *, is_milestone: bool) -> None:
    """On a terminal one line that changes, elsewhere a line now and then."""
    if sys.stderr.isatty():
        print(f"\r{text[:70]:<70}\r", end="", file=sys.stderr, flush=True)
    elif is_milestone:
        print(text, file=sys.stderr, flush=True)


def run(command: list[str], environment: dict[str, str]) -> int:
    """Run to the end and return the exit code. Ctrl-C reaches the child by itself (same terminal): it decides."""
    with subprocess.Popen(command, env=environment) as child:
        for name in ("SIGINT", "SIGBREAK"):
            if hasattr(signal, name):
                signal.signal(getattr(signal, name), lambda number, frame: None)
        signal.signal(signal.SIGTERM, lambda number, frame: child.terminate())
        return child.wait()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
