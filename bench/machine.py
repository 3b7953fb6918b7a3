"""On what was it measured, with which versions?"""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import shutil
from pathlib import Path

from bench import tools

OUR_PACKAGES = ("django", "channels", "uvicorn", "websockets", "pyzmq", "msgspec")
GIB = 1 << 30
BUSY_SHARE = 0.5


def machine() -> str:
    """One line: processor, cores, memory, system, and the Python, whose build matters as much as its version."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    models = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    processor = models[0] if models else platform.processor() or platform.machine()
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / GIB
    python = f"Python {platform.python_version()} ({platform.python_compiler()})"
    return f"{processor}, {os.cpu_count()} cores, {memory:.0f} GiB, {platform.platform()}, {python}"


def versions() -> dict[str, str]:
    """Of Python, Node.js and of what the contenders are made of."""
    found = {"python": platform.python_version()}
    found |= {name: importlib.metadata.version(name) for name in OUR_PACKAGES}
    if shutil.which("node"):
        found["node"] = tools.run(["node", "--version"]).strip().removeprefix("v")
    wanted = json.loads((tools.PEERS / "package.json").read_text())["dependencies"]
    return found | {f"npm {name}": version for name, version in wanted.items()}


def others_at_work() -> str:
    """A sentence where this machine is busy with something else, "" where it is not."""
    load = os.getloadavg()[0]
    quiet = load < BUSY_SHARE * (os.cpu_count() or 1)
    return "" if quiet else f"This machine is busy (load average {load:.1f}): trust ratios alone."
