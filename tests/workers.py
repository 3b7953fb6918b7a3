"""Each of pytest's parallel workers keeps to a data directory of its own.

Loaded with `-p` by dev.py, before Django's settings are: a conftest would come too late.
"""

from __future__ import annotations

import os
from pathlib import Path

if worker := os.environ.get("PYTEST_XDIST_WORKER"):
    os.environ["TMW_DATA_DIR"] = str(Path(os.environ.get("TMW_DATA_DIR", "var")) / worker)
