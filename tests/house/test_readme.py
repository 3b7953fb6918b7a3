"""Does the README say what is true? Its commands exist, its folders exist, its links lead somewhere."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from tests.house.sources import PACKAGES, ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
FOLDERS = re.findall(r"^\| (`.+?) \|", README, re.MULTILINE)
TOPS = (*PACKAGES, "bench", "engine", "tests")
COMMANDS = sorted(set(re.findall(r"manage\.py (\w+)", README)))


def test_it_starts_with_the_two_commands() -> None:
    first_block = README.split("```")[1]
    assert [line.split("#")[0].strip() for line in first_block.strip().splitlines()] == [
        "python3 dev.py up",
        "python3 dev.py test",
    ]


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_it_names_exists(command: str) -> None:
    done = subprocess.run([sys.executable, "manage.py", command, "--help"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_each_path_it_names_exists() -> None:
    named = set(re.findall(r"`((?:[a-z]+/)+[a-z-]*(?:\.md)?)`", README))
    named |= {folder.strip("`") for row in FOLDERS for folder in re.findall(r"`[a-z/]+`", row)}
    assert named
    assert [name for name in sorted(named) if not (ROOT / name).exists() and not name.startswith("/")] == []


def test_each_page_of_the_documentation_links_to_what_exists() -> None:
    broken = [
        f"{page.relative_to(ROOT)} → {target}"
        for page in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8"))
        if not (page.parent / target).exists()
    ]
    assert broken == []


def test_each_module_that_is_named_exists() -> None:
    """In a page, a docstring or a comment: what was taken out again must not be relied upon."""
    modules = [*ROOT.glob("*.py"), *(path for top in TOPS for path in (ROOT / top).rglob("*.py"))]
    pages = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md"), *modules]
    known = {module.name for module in modules}
    missing = [
        f"{page.relative_to(ROOT)} names {name}"
        for page in pages
        for name in re.findall(r"`(?:[\w./]*/)?(\w+\.py)`", page.read_text(encoding="utf-8"))
        if name not in known
    ]
    assert missing == []
