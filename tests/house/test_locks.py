"""Are the locks whole: every package pinned with hashes, and made from what is asked for?"""

from __future__ import annotations

import re

import pytest

from tests.house.sources import ROOT

PIN = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[^\]]*\])?==([^ ;\\]+)", re.MULTILINE)
ASKED = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[^\]]*\])?[ \t]*([^;#\n]*)", re.MULTILINE)


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def pins(lock: str) -> dict[str, str]:
    return {normal(name): version for name, version in PIN.findall(read(lock))}


def numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version))


def fits(version: str, wanted: str) -> bool:
    """Whether a version is within `>=1.2,<2`, `==3` or anything."""
    checks = {
        ">=": lambda ours, bound: ours >= bound,
        "<": lambda ours, bound: ours < bound,
        "==": lambda ours, bound: ours == bound,
    }
    return all(
        checks[sign](numbers(version), numbers(bound)) for sign, bound in re.findall(r"(>=|==|<)\s*([\d.]+)", wanted)
    )


@pytest.mark.parametrize("lock", ["requirements.txt", "requirements-dev.txt"])
def test_every_pin_has_a_hash(lock: str) -> None:
    entries = re.split(r"\n(?=[A-Za-z0-9])", read(lock))
    assert [entry.splitlines()[0] for entry in entries if PIN.match(entry) and "--hash=sha256:" not in entry] == []


@pytest.mark.parametrize("name", ["requirements", "requirements-dev"])
def test_the_lock_holds_what_is_asked_for(name: str) -> None:
    locked = pins(f"{name}.txt")
    wrong = {
        package: (wanted.strip(), locked.get(normal(package)))
        for package, wanted in ASKED.findall(read(f"{name}.in"))
        if not fits(locked.get(normal(package), ""), wanted) or normal(package) not in locked
    }
    assert wrong == {}


def test_the_development_lock_holds_every_pin_of_the_other() -> None:
    """`dev.py test` installs only the development lock, and `dev.py up` then finds its own satisfied."""
    assert pins("requirements.txt").items() <= pins("requirements-dev.txt").items()
