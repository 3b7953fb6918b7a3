"""Where does a process spend its time, how much of it in the kernel's send? perf says, else py-spy, else nobody."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

SAMPLES_A_SECOND = 499
SECONDS_OVER = 30.0
SEND_CALL = re.compile(r"__\w+_sys_(?:sendto|sendmsg|writev)$")
PERF_LINE = re.compile(r"^\s*([\d.]+)%\s+([\d.]+)%\s+\[(.)\]\s+(\S+)")
PY_SPY_SEND = ("write (asyncio/selector_events.py", "send (socket")


@dataclass(frozen=True)
class Shares:
    """Of the samples: how many were within the kernel's send, and how many in the kernel at all (None: not seen)."""

    tool: str
    send: float
    kernel: float | None
    hottest: tuple[tuple[str, float], ...]  #: (symbol, share) of what ran itself, most first


class Sampler:
    """`start(pid, seconds)` in the background, then `shares()`; None where no tool of the kind works here."""

    def __init__(self, directory: Path) -> None:
        self._file = directory / "samples"
        self._tool = next((tool for tool in ("perf", "py-spy") if shutil.which(tool)), "")
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, pid: int, seconds: float) -> None:
        if command := self._command(pid, seconds):
            quiet = subprocess.DEVNULL
            self._process = subprocess.Popen(command, stdin=quiet, stdout=quiet, stderr=quiet)

    def shares(self) -> Shares | None:
        """Waits for the end of the sampling."""
        if self._process is None or self._process.wait(SECONDS_OVER) or not self._file.exists():
            return None
        return perf_shares(perf_report(self._file)) if self._tool == "perf" else py_spy_shares(self._file.read_text())

    def _command(self, pid: int, seconds: float) -> list[str]:
        file, rate = str(self._file), str(SAMPLES_A_SECOND)
        if self._tool == "perf":
            events = ["-e", "cpu-clock", "-F", rate, "-g", "-p", str(pid)]
            return ["perf", "record", "-q", "-o", file, *events, "--", "sleep", f"{seconds:.1f}"]
        if self._tool == "py-spy":
            length = str(max(1, round(seconds)))
            return ["py-spy", "record", "-f", "raw", "-r", "199", "-d", length, "-p", str(pid), "-o", file]
        return []


def perf_report(file: Path) -> str:
    """A line per symbol: its share with what it called, its own, and the symbol."""
    options = ["--stdio", "--children", "-g", "none", "--sort", "symbol", "--percent-limit", "0.1"]
    done = subprocess.run(["perf", "report", "-i", str(file), *options], capture_output=True, text=True, check=False)
    return done.stdout


def perf_shares(report: str) -> Shares | None:
    """None where the report holds no sample."""
    lines = [found.groups() for line in report.splitlines() if (found := PERF_LINE.match(line))]
    if not lines:
        return None
    own = [(symbol, float(itself) / 100) for _, itself, _, symbol in lines]
    kernel = sum(float(itself) for _, itself, where, _ in lines if where == "k") / 100
    send = sum(float(whole) for whole, _, _, symbol in lines if SEND_CALL.search(symbol)) / 100
    return Shares("perf", send, kernel, tuple(sorted(own, key=lambda one: -one[1])[:8]))


def py_spy_shares(raw: str) -> Shares | None:
    """Lines `frame;frame;… count`. A call into C counts for the Python line that made it."""
    leaves: dict[str, int] = {}
    for line in raw.splitlines():
        stack, _, count = line.rpartition(" ")
        leaf = stack.rpartition(";")[2]
        leaves[leaf] = leaves.get(leaf, 0) + int(count)
    if not (total := sum(leaves.values())):
        return None
    send = sum(count for leaf, count in leaves.items() if leaf.startswith(PY_SPY_SEND)) / total
    hottest = sorted(((leaf, count / total) for leaf, count in leaves.items()), key=lambda one: -one[1])[:8]
    return Shares("py-spy", send, None, tuple(hottest))
