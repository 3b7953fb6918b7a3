"""Which flags of `up` decide what the settings say? They are put into the environment before Django reads it."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from pathlib import Path


def data_dir_from_flags(arguments: Sequence[str]) -> None:
    """Make `--data-dir` of `manage.py up` the setting TMW_DATA_DIR; a command's own parser comes too late for that."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--data-dir", type=Path)
    if chosen := parser.parse_known_args(list(arguments))[0].data_dir:
        os.environ["TMW_DATA_DIR"] = str(chosen.resolve())
