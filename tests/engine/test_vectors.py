"""The C++ kit reads and writes the golden vectors: fields, bytes, other bytes of the same meaning, reasons."""

from __future__ import annotations

import json
import subprocess

import pytest

from bridge.wire.golden.__main__ import VECTORS, documents

STORED = {name: json.loads((VECTORS / name).read_text(encoding="ascii")) for name in documents()}
MESSAGES = {vector["name"]: vector for vector in STORED["messages.json"]}


def frames(vector):
    return [bytes.fromhex(vector["envelope"]), bytes.fromhex(vector["payload"])]


def test_the_kits_own_program_passes_all_vectors(kit):
    done = subprocess.run([kit / "vectors", VECTORS], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    least = 3 * len(STORED["messages.json"]) + 3 * len(STORED["market.json"]) + len(STORED["malformed.json"])
    assert int(done.stdout.split()[0]) == least + len(STORED["tolerated.json"])


@pytest.mark.parametrize("name", ["messages.json", "market.json"])
def test_the_kit_writes_what_it_reads_byte_for_byte(kit_filter, name):
    for vector in STORED[name]:
        assert kit_filter.read_and_write(vector["decoder"], frames(vector)) == frames(vector), vector["name"]


def test_the_kit_takes_other_bytes_of_the_same_meaning(kit_filter):
    for vector in STORED["tolerated.json"]:
        meant = frames(MESSAGES[vector["means"]])
        assert kit_filter.read_and_write(vector["decoder"], frames(vector)) == meant, vector["name"]


def test_the_kit_refuses_malformed_frames_for_the_same_reason(kit_filter):
    for vector in STORED["malformed.json"]:
        bad = [bytes.fromhex(frame) for frame in vector["frames"]]
        assert kit_filter.read_and_write(vector["decoder"], bad) == vector["reason"], vector["name"]
