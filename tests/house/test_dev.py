"""Does `dev.py` work with Python alone: make the environment once, wait for another, and hand over?"""

from __future__ import annotations

import ast
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house.sources import ROOT

FILES = ("dev.py", "tradingmw/__init__.py", "tradingmw/file_lock.py")
MANAGE = "import sys; print('handed over', *sys.argv[1:])"
PYTEST = "import sys; print(sys.argv[sys.argv.index('-m') + 1]); sys.exit({first} if '-n' in sys.argv else {second})"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project of the same make with nothing to install."""
    root = tmp_path_factory.mktemp("project")
    for name in FILES:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, root / name)
    (root / "manage.py").write_text(MANAGE)
    (root / "requirements.txt").write_text("# nothing\n")
    (root / "requirements-dev.txt").write_text("# nothing more\n")
    return root


def dev(project: Path, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "dev.py", *arguments], cwd=project, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


def run(project: Path, *arguments: str) -> tuple[int, str, str]:
    process = dev(project, *arguments)
    output, errors = process.communicate(timeout=120)
    return process.returncode, output, errors


def test_two_at_once_make_one_environment_and_both_hand_over(project: Path) -> None:
    both = [dev(project, "up", "--port", str(port)) for port in (1, 2)]
    said = [process.communicate(timeout=120) for process in both]
    assert [output for output, _ in said] == ["handed over up --port 1\n", "handed over up --port 2\n"]
    assert sum("Making .venv" in errors for _, errors in said) == 1


def test_a_second_run_has_nothing_to_install(project: Path) -> None:
    run(project, "up")
    assert run(project, "up") == (0, "handed over up\n", "")


def test_a_changed_lock_is_installed(project: Path) -> None:
    run(project, "up")
    (project / "requirements.txt").write_text("# nothing, but otherwise\n")
    code, _, errors = run(project, "up")
    assert code == 0
    assert "Installing requirements.txt" in errors


def test_an_install_that_fails_is_told_and_tried_again(project: Path) -> None:
    lock = project / "requirements.txt"
    before = lock.read_text()
    lock.write_text("./no-such-package.whl --hash=sha256:" + "0" * 64 + "\n")
    code, output, errors = run(project, "up")
    assert (code, output) == (1, "")
    assert "pip failed" in errors
    assert "requirements.txt" not in json.loads((project / ".venv" / "installed.json").read_text())
    lock.write_text(before)
    assert run(project, "up")[:2] == (0, "handed over up\n")


def test_an_environment_left_half_made_is_made_anew(project: Path) -> None:
    run(project, "up")
    shutil.rmtree(next((project / ".venv").rglob("site-packages")))
    (project / ".venv" / "installed.json").unlink()
    code, output, errors = run(project, "up")
    assert (code, output) == (0, "handed over up\n")
    assert "Making .venv" in errors


@pytest.mark.parametrize(("first", "second", "ends_with"), [(0, 0, 0), (1, 0, 1), (0, 1, 1), (1, 1, 1)])
def test_the_whole_suite_is_two_runs_and_a_failure_in_either_counts(
    project: Path, first: int, second: int, ends_with: int
) -> None:
    (project / "pytest.py").write_text(PYTEST.format(first=first, second=second))
    code, output, _ = run(project, "test")
    assert (code, output.split()) == (ends_with, ["not", "alone", "alone"])


def test_a_run_that_broke_off_is_the_last(project: Path) -> None:
    (project / "pytest.py").write_text(PYTEST.format(first=3, second=0))
    code, output, _ = run(project, "test")
    assert (code, output.split()) == (3, ["not", "alone"])


def test_without_a_command_it_says_what_there_is(project: Path) -> None:
    code, output, _ = run(project)
    assert code == 2
    assert "python3 dev.py up" in output and "python3 dev.py test" in output


@pytest.mark.parametrize("version", [(3, 10, 9), (3, 14, 0)])
def test_a_python_it_cannot_use_is_named_with_those_it_can(project: Path, version: tuple[int, ...]) -> None:
    program = (
        f"import runpy, sys; sys.version_info = {version}; sys.argv = ['dev.py', 'up'];"
        f"sys.path.insert(0, '.'); runpy.run_path('dev.py', run_name='__main__')"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=project, capture_output=True, text=True)
    assert done.returncode == 1
    assert "This needs Python 3.11 to 3.13" in done.stderr
    assert "Traceback" not in done.stderr


def test_it_uses_the_standard_library_alone() -> None:
    imported = {
        (node.module if isinstance(node, ast.ImportFrom) else name.name).partition(".")[0]  # type: ignore[union-attr]
        for file in ("dev.py", "tradingmw/file_lock.py")
        for node in ast.walk(ast.parse((ROOT / file).read_text(encoding="utf-8")))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in node.names
    }
    assert imported <= sys.stdlib_module_names | {"tradingmw"}
