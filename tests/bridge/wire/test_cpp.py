"""A C++ program written from the specification, with the structs that stand there, reads every golden vector."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from bridge.wire.envelope import Kind
from bridge.wire.golden.__main__ import VECTORS

SOURCE = Path(__file__).with_name("reader.cpp")
SPECIFICATION = Path(__file__).resolve().parents[3] / "docs" / "engine-link.md"
COMPILER = shutil.which("g++") or shutil.which("clang++")
pytestmark = pytest.mark.skipif(COMPILER is None, reason="there is no C++ compiler on this machine")


@pytest.fixture(scope="module")
def reader(tmp_path_factory):
    made = tmp_path_factory.mktemp("reader")
    snippets = re.findall(r"^```cpp\n(.*?)^```", SPECIFICATION.read_text("utf-8"), re.M | re.S)
    (made / "specification.h").write_text("\n".join(snippets), encoding="ascii")
    program = made / "reader"
    command = [COMPILER, "-std=c++17", "-Wall", "-Werror", f"-I{made}", str(SOURCE), "-o", str(program)]
    subprocess.run(command, check=True, timeout=120)
    return program


def expected(vector):
    rows = [" ".join(str(int(value)) for value in row.values()) for row in vector["decoded"]]
    return f"{Kind[vector['kind']].value} {vector['epoch']} {vector['seq']}:" + "".join(f"{row};" for row in rows)


def test_a_program_written_from_the_specification_reads_the_golden_vectors(reader):
    vectors = json.loads((VECTORS / "market.json").read_text("ascii"))
    messages = json.loads((VECTORS / "messages.json").read_text("ascii"))
    lines = "".join(f"{vector['envelope']} {vector['payload']}\n" for vector in vectors + messages)
    done = subprocess.run([str(reader)], input=lines, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0
    assert done.stdout.splitlines() == [
        *map(expected, vectors),
        *(f"1 {vector['epoch']} {vector['seq']}:" for vector in messages),
    ]
