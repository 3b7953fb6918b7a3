"""Official FlatBuffers code, generated from `market.fbs`, writes and reads the same batches as `market.py`."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path

import flatbuffers
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bridge.wire import market
from bridge.wire.golden.market import batches
from bridge.wire.market import Depth, Quote, Trade
from tests.bridge.wire.strategies import changes, quotes, trades

SCHEMA = Path(market.__file__).with_name("market.fbs")
NAMES = {Quote: "Quote", Trade: "Trade", Depth: "Depth"}
CODECS = {
    Quote: (market.encode_quotes, market.read_quotes),
    Trade: (market.encode_trades, market.read_trades),
    Depth: (market.encode_depth, market.read_depth),
}
KINDS = pytest.mark.parametrize(
    ("row", "rows"),
    [
        (Quote, st.lists(quotes, max_size=5)),
        (Trade, st.lists(trades, max_size=5)),
        (Depth, st.lists(changes, max_size=5)),
    ],
    ids=NAMES.values(),
)
FEW = settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module")
def generated(tmp_path_factory):
    flatc = shutil.which("flatc", path=str(Path(sys.executable).parent)) or shutil.which("flatc")
    assert flatc, "flatc comes with autobahn, a requirement of daphne"
    made = tmp_path_factory.mktemp("generated")
    subprocess.run([flatc, "--python", "--gen-onefile", "-o", str(made), str(SCHEMA)], check=True, timeout=60)
    spec = importlib.util.spec_from_file_location("market_generated", made / "market_generated.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def camel(name):
    return "".join(part.capitalize() for part in name.split("_"))


def read_by_generated_code(generated, row, payload):
    batch = getattr(generated, f"{NAMES[row]}Batch").GetRootAs(payload, 0)
    found = [batch.Rows(position) for position in range(batch.RowsLength())]
    return [row(*(getattr(each, camel(field))() for field in row._fields)) for each in found]


def written_by_generated_code(generated, row, rows):
    name = NAMES[row]
    builder = flatbuffers.Builder(64)
    getattr(generated, f"{name}BatchStartRowsVector")(builder, len(rows))
    for each in reversed(rows):
        getattr(generated, f"Create{name}")(builder, *each)
    vector = builder.EndVector()
    getattr(generated, f"{name}BatchStart")(builder)
    getattr(generated, f"{name}BatchAddRows")(builder, vector)
    builder.Finish(getattr(generated, f"{name}BatchEnd")(builder))
    return bytes(builder.Output())


@KINDS
@FEW
@given(data=st.data())
def test_generated_code_reads_what_we_write(generated, row, rows, data):
    drawn = data.draw(rows)
    assert read_by_generated_code(generated, row, CODECS[row][0](drawn)) == drawn


@KINDS
@FEW
@given(data=st.data())
def test_we_read_what_generated_code_writes(generated, row, rows, data):
    drawn = data.draw(rows)
    assert CODECS[row][1](written_by_generated_code(generated, row, drawn)) == drawn


@pytest.mark.parametrize("batch", [batch for batch in batches() if batch.rows], ids=lambda batch: batch.name)
def test_generated_code_writes_the_golden_bytes(generated, batch):
    assert written_by_generated_code(generated, type(batch.rows[0]), batch.rows) == batch.payload
