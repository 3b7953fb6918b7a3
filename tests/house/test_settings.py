"""Is every setting documented, and is every fault named before anything starts?"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from pydantic import BaseModel, SecretStr

from tests.house.sources import ROOT
from tradingmw.env import Env

EXAMPLE = (ROOT / ".env.example").read_text(encoding="utf-8")
DOCUMENTED = dict(re.findall(r"^#?(TMW_\w+)=(.*)$", EXAMPLE, re.MULTILINE))


def settings(model: type[BaseModel] = Env, prefix: str = "TMW_") -> Iterator[tuple[str, object]]:
    """(variable, default) of every setting, nested ones by their own names."""
    for name, field in model.model_fields.items():
        variable = f"{prefix}{name.upper()}"
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from settings(field.annotation, f"{variable}__")
        else:
            yield variable, field.default


def as_text(default: object) -> str:
    """How a default is written in the example."""
    if isinstance(default, SecretStr):
        return default.get_secret_value()
    if isinstance(default, list):
        return ",".join(default)
    if isinstance(default, Path):
        return os.path.relpath(default, ROOT).replace(os.sep, "/")
    return "" if default is None else str(default)


@pytest.mark.parametrize(("variable", "default"), list(settings()), ids=str)
def test_each_setting_is_documented_with_its_default(variable: str, default: object) -> None:
    assert DOCUMENTED.get(variable) == as_text(default)


def test_nothing_is_documented_that_does_not_exist() -> None:
    assert set(DOCUMENTED) == {variable for variable, _ in settings()}


def test_each_setting_has_a_sentence() -> None:
    lines = EXAMPLE.splitlines()
    assert [
        line
        for above, line in pairwise(lines)
        if re.match(r"#?TMW_", line) and not re.match(r"# \S.*[.:)]", above) and not re.match(r"#?TMW_", above)
    ] == []


def start(**variables: str) -> subprocess.CompletedProcess[str]:
    """The first thing every process does, with these settings alone."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith("TMW_")}
    command = [sys.executable, "manage.py", "check"]
    return subprocess.run(command, cwd=ROOT, env={**plain, **variables}, capture_output=True, text=True)


def test_all_faults_are_reported_together_by_name() -> None:
    done = start(TMW_WEB_PORT="0", TMW_ENGINE_COMMANDS="127.0.0.1:5571", TMW_TICKET_SECONDS="31")
    assert done.returncode == 1
    for name in ("TMW_WEB_PORT", "TMW_ENGINE_COMMANDS", "TMW_TICKET_SECONDS"):
        assert name in done.stderr
    assert "Traceback" not in done.stderr


def test_production_has_no_default_for_a_secret() -> None:
    done = start(TMW_ENVIRONMENT="production", TMW_ALLOWED_HOSTS="*")
    assert done.returncode == 1
    for name in ("TMW_SECRET_KEY", "TMW_FIELD_KEYS", "TMW_KEYS_DIR", "TMW_ALLOWED_ORIGINS", "TMW_ALLOWED_HOSTS"):
        assert name in done.stderr
    assert "Traceback" not in done.stderr


def test_a_fault_never_shows_a_secret() -> None:
    done = start(TMW_ENVIRONMENT="production", TMW_SECRET_KEY="hunter2")
    assert "TMW_SECRET_KEY" in done.stderr
    assert "hunter2" not in done.stderr


def test_an_engine_has_four_addresses_and_so_has_its_backup() -> None:
    done = start(TMW_ENGINE_COMMANDS="tcp://a:1,tcp://b:1")
    assert done.returncode != 0
    assert "TMW_ENGINE_QUERIES" in done.stderr
    assert "as many addresses each" in done.stderr
