"""Does anything start without its CURVE keys? Real processes in production's settings."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from bridge.sockets.keys import KeyFault, Role, make_keys
from tests.scoreboard import Measured
from tests.stack import ROOT
from tradingmw.env import Env
from tradingmw.field_keys import field_key_make
from tradingmw.held_keys import check_keys

PARTS = (["web"], ["bridge", "--role", "orders"], ["bridge", "--role", "feed"], ["up", "--port", "0"])


def started(arguments: list[str], data_dir: Path, settings: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    plain = {name: value for name, value in os.environ.items() if not name.startswith("TMW_")}
    environment = {
        **plain,
        "TMW_ENVIRONMENT": "production",
        "TMW_DATA_DIR": str(data_dir),
        "TMW_SECRET_KEY": "k" * 50,
        "TMW_FIELD_KEYS": field_key_make("test"),
        "TMW_ALLOWED_ORIGINS": "https://desk.example",
        **settings,
    }
    command = [sys.executable, "manage.py", *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300)


@pytest.mark.parametrize("part", PARTS, ids=" ".join)
def test_no_part_starts_in_production_without_keys(part: list[str], tmp_path: Path, measured: Measured) -> None:
    (tmp_path / "keys").mkdir()
    refused = started(part, tmp_path, {"TMW_KEYS_DIR": str(tmp_path / "keys")})
    measured(37, f"`{' '.join(part)}` started in production without CURVE keys", refused.returncode == 0, "False")
    assert ".secret cannot be read" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert refused.returncode == 2


def test_every_missing_key_is_named_at_once(tmp_path: Path) -> None:
    with pytest.raises(KeyFault) as fault:
        check_keys(Env(data_dir=tmp_path), Role.WEB)
    assert all(
        f"{name} cannot be read" in str(fault.value)
        for name in ("web.secret", "order-bridge.public", "feed-bridge.public", "layer.public")
    )


def test_a_host_needs_no_secret_but_its_own(tmp_path: Path) -> None:
    make_keys(tmp_path / "keys")
    for role in Role:
        if role is not Role.FEED_BRIDGE:
            (tmp_path / "keys" / f"{role}.secret").unlink()
    check_keys(Env(data_dir=tmp_path), Role.FEED_BRIDGE)


def test_with_redis_the_layers_key_is_not_needed(tmp_path: Path) -> None:
    make_keys(tmp_path / "keys")
    (tmp_path / "keys" / "layer.public").unlink()
    check_keys(Env(data_dir=tmp_path, redis_url="redis://127.0.0.1:6379/0"), Role.WEB)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no mode bits")
def test_a_secret_that_others_may_read_is_refused_in_production(tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    make_keys(keys)
    (keys / "web.secret").chmod(0o640)
    refused = started(["web"], tmp_path, {"TMW_KEYS_DIR": str(keys)})
    assert "web.secret may be read by others" in refused.stderr
    assert refused.returncode == 2
