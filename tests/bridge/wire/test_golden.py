"""The golden vectors are what this code writes and reads, cover everything, and are described in the specification."""

from __future__ import annotations

import json
import re
import struct
from pathlib import Path

import msgspec
import pytest

from bridge.wire import messages as wire
from bridge.wire.envelope import Kind
from bridge.wire.faults import Reason
from bridge.wire.golden.__main__ import VECTORS, documents, rendered
from bridge.wire.market import DEPTH, QUOTE, TRADE, Depth, Quote, Trade
from bridge.wire.rules import RULES
from bridge.wire.vocabulary import RejectCode
from tests.bridge.wire.readers import read, reason_of
from tests.bridge.wire.strategies import DIRECTIONS

LAYOUTS = {Quote: QUOTE, Trade: TRADE, Depth: DEPTH}
SPECIFICATION = Path(__file__).resolve().parents[3] / "docs" / "engine-link.md"
STORED = {name: json.loads((VECTORS / name).read_text(encoding="ascii")) for name in documents()}
MESSAGES = {vector["name"]: vector for vector in STORED["messages.json"]}


def named(vectors):
    return pytest.mark.parametrize("vector", vectors, ids=[vector["name"] for vector in vectors])


def frames(vector):
    return [bytes.fromhex(vector["envelope"]), bytes.fromhex(vector["payload"])]


@pytest.mark.parametrize("name", STORED)
def test_the_stored_vectors_are_what_this_code_makes_byte_for_byte(name):
    assert (VECTORS / name).read_bytes() == rendered(documents()[name]).encode("ascii")


@named(STORED["messages.json"])
def test_a_golden_message_is_read_as_written_down(vector):
    assert json.loads(msgspec.json.encode(read(vector["decoder"], frames(vector)))) == vector["decoded"]


@named(STORED["market.json"])
def test_a_golden_batch_is_read_as_written_down(vector):
    assert [row._asdict() for row in read(vector["decoder"], frames(vector))] == vector["decoded"]


@named(STORED["tolerated.json"])
def test_other_bytes_of_the_same_meaning_are_read_as_the_golden_ones(vector):
    golden = MESSAGES[vector["means"]]
    assert vector["payload"] != golden["payload"]
    assert read(vector["decoder"], frames(vector)) == read(golden["decoder"], frames(golden))


@named(STORED["malformed.json"])
def test_a_malformed_message_is_refused_for_its_reason(vector):
    assert reason_of(vector["decoder"], [bytes.fromhex(frame) for frame in vector["frames"]]) == vector["reason"]


@pytest.mark.parametrize("name", STORED)
def test_each_vector_has_a_name_of_its_own(name):
    names = [vector["name"] for vector in STORED[name]]
    assert len(set(names)) == len(names)


def test_every_message_has_a_golden_vector():
    assert {vector["decoded"]["type"] for vector in MESSAGES.values()} == {cls.__name__ for _, cls in DIRECTIONS}


def test_every_kind_of_batch_has_golden_vectors():
    assert {vector["kind"] for vector in STORED["market.json"]} == {kind.name for kind in Kind} - {"MESSAGE"}


def test_every_reason_to_refuse_has_a_golden_vector():
    assert {vector["reason"] for vector in STORED["malformed.json"]} == set(Reason)


def test_every_rule_between_fields_has_a_golden_vector():
    types = {vector["payload"]: vector["decoded"]["type"] for vector in MESSAGES.values()}
    assert {cls.__name__ for cls in RULES} <= set(types.values())
    broken = {
        msgspec.msgpack.decode(bytes.fromhex(vector["frames"][1]))["type"]
        for vector in STORED["malformed.json"]
        if vector["reason"] == Reason.RANGE and vector["decoder"] not in {"quotes", "trades", "depth"}
    }
    assert broken == {cls.__name__ for cls in RULES}


def section(title):
    """The lines of the specification below the heading that names `title`, up to the next heading."""
    found = re.search(rf"^#+ [^\n]*`{title}`[^\n]*\n(.*?)(?=^#|\Z)", SPECIFICATION.read_text("utf-8"), re.M | re.S)
    assert found, f"docs/engine-link.md has no section about {title}"
    return found[1]


@pytest.mark.parametrize("cls", [cls for _, cls in DIRECTIONS] + [wire.Instrument, wire.InstrumentSnapshot])
def test_the_specification_describes_exactly_the_fields_of_each_message(cls):
    described = re.findall(r"^\| `(\w+)` \|", section(cls.__name__), re.M)
    assert described == [field.encode_name for field in msgspec.structs.fields(cls)]


@pytest.mark.parametrize("word", [*Reason, *RejectCode])
def test_the_specification_explains_every_reason_and_code(word):
    assert f"`{word}`" in SPECIFICATION.read_text("utf-8")


@pytest.mark.parametrize("row", [Quote, Trade, Depth])
def test_the_specification_gives_the_byte_layout_of_each_row(row):
    described = re.findall(r"^\| (\d+) \| (\w+) \| `(\w+)` \|", section(row.__name__), re.M)
    sizes = {"u32": "I", "u8": "B", "bool": "?", "i64": "q"}
    layout, end = "<", 0
    for offset, type_, _ in described:
        layout += f"{int(offset) - end}x{sizes[type_]}"
        end = int(offset) + struct.calcsize("<" + sizes[type_])
    probe = LAYOUTS[row].pack(*range(1, len(row._fields) + 1))
    assert [name for *_, name in described] == list(row._fields)
    assert struct.unpack(layout, probe) == LAYOUTS[row].unpack(probe)
