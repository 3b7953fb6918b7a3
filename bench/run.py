"""The benches, one command each; run them with this project's Python:

    .venv/bin/python bench/run.py fanout --load A         updates to sockets, this project and its peers
    .venv/bin/python bench/run.py orders --clients 1 32   orders over REST, this project and its peers

Installs what it needs, says what is missing, and runs on 127.0.0.1 alone. docs/performance.md explains the figures.
"""

from __future__ import annotations

import argparse
import shlex
import sys
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parent.parent)

from bench import fan_out_command, order_command  # noqa: E402
from bench.tools import Missing  # noqa: E402

COMMANDS = {"fanout": fan_out_command, "orders": order_command}


def main(words: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, command in COMMANDS.items():
        command.add_arguments(commands.add_parser(name, help=command.__doc__))
    args = parser.parse_args(words)
    args.said = f"python bench/run.py {shlex.join(words)}"
    try:
        return int(COMMANDS[args.command].run(args))
    except Missing as missing:
        print(f"This cannot be measured here: {missing}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
