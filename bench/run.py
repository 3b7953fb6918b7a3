"""The benches, one command each:

    python3 bench/run.py fanout --load A         updates to sockets, this project and its peers
    python3 bench/run.py orders --clients 1 32   orders over REST, this project and its peers
    python3 bench/run.py feed                    the engine's ticks to frames, this project and the same in Node
    python3 bench/run.py reconcile               10,000 open orders compared with the engine's at the start
    python3 bench/run.py positions               positions and P&L of 10,000 executions worked out anew
    python3 bench/run.py identity                what login, refresh and the checks of a request add to an API call
    python3 bench/run.py gate                    what the risk gate adds to an order in the core
    python3 bench/run.py simulation              the order core under seeds that break everything around it
    python3 bench/run.py flush                   what waiting before a flush saves and costs
    python3 bench/run.py profile                 what is left of the cost, beside a bare send()

Installs what it needs, says what is missing, and runs on 127.0.0.1 alone. docs/performance.md explains the figures.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import shlex
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV_PYTHON = ROOT / ".venv" / "bin" / "python"
if sys.platform != "linux":
    sys.exit("The benches read /proc and poll with epoll: they run on Linux only.")
if not all(map(importlib.util.find_spec, ("django", "httpx", "rich"))):
    if Path(sys.executable) == VENV_PYTHON or not VENV_PYTHON.exists():
        sys.exit("The development packages are not installed; `python3 dev.py test tests/house` installs them.")
    os.execv(VENV_PYTHON, [str(VENV_PYTHON), *sys.argv])
sys.path[0] = str(ROOT)

from bench import (  # noqa: E402
    fan_out_command,
    feed_command,
    flush_command,
    gate_command,
    identity_command,
    order_command,
    positions_command,
    profile_command,
    reconcile_command,
    simulation_command,
)
from bench.tools import Missing  # noqa: E402

COMMANDS = {
    "fanout": fan_out_command,
    "orders": order_command,
    "feed": feed_command,
    "reconcile": reconcile_command,
    "positions": positions_command,
    "identity": identity_command,
    "gate": gate_command,
    "simulation": simulation_command,
    "flush": flush_command,
    "profile": profile_command,
}


def main(words: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, command in COMMANDS.items():
        command.add_arguments(commands.add_parser(name, help=command.__doc__))
    args = parser.parse_args(words)
    args.said = f"python3 bench/run.py {shlex.join(words)}"
    try:
        return int(COMMANDS[args.command].run(args))
    except Missing as missing:
        print(f"This cannot be measured here: {missing}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
