"""Is the AsyncAPI document valid, whole, and does it refuse what the sockets would not say?"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from accounts.sockets.closing import MEANINGS, CloseCode
from orders.consumers import TradingConsumer
from tests.frames_fit import Conversation, at
from tests.house.sources import ROOT
from tradingmw.asyncapi import add, asyncapi_document, references, sockets
from tradingmw.errors import Code

#: Where npm puts it: `npm install @asyncapi/specs`; TMW_NODE_MODULES names another place.
NODE_MODULES = Path(os.environ.get("TMW_NODE_MODULES", ROOT / "node_modules"))
SPECIFICATION = NODE_MODULES / "@asyncapi" / "specs" / "schemas" / "3.0.0.json"
MARKET, TRADING = "/ws/v1/market", "/ws/v1/trading"


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return asyncapi_document()


def test_it_is_an_asyncapi_3_document(document: dict[str, Any]) -> None:
    if not SPECIFICATION.exists():
        pytest.skip(f"missing here: {SPECIFICATION} (npm install @asyncapi/specs)")
    schema = json.loads(SPECIFICATION.read_text(encoding="utf-8"))
    found = jsonschema_rs.Draft7Validator(schema).iter_errors(json.loads(json.dumps(document)))
    assert [f"{list(fault.instance_path)}: {fault.message[:200]}" for fault in found] == []


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    def look(part: Any) -> None:
        if isinstance(part, dict):
            if isinstance(part.get("$ref"), str):
                assert at(document, part)
            for inner in part.values():
                look(inner)
        for inner in part if isinstance(part, list) else []:
            look(inner)

    look(document)


def test_every_method_and_channel_of_every_socket_is_in_it(document: dict[str, Any]) -> None:
    for socket in sockets():
        asked = {f"{socket.name}-{method.replace('.', '-')}" for method in socket.consumer.offered}
        pushed = {f"{socket.name}-push-{channel}" for channel in socket.consumer.pushes}
        assert asked | pushed == {name for name in document["operations"] if name.startswith(f"{socket.name}-")}
    assert {"order.place", "order.cancel", "order.cancelAll", "order.replace", "resume", "auth", "ping"} <= set(
        TradingConsumer.offered
    )


def test_every_operation_says_what_it_is_for(document: dict[str, Any]) -> None:
    assert [name for name, operation in document["operations"].items() if not operation["summary"]] == []


def test_all_codes_are_written_down(document: dict[str, Any]) -> None:
    told = {code for channel in document["channels"].values() for code in channel["x-close-codes"]}
    assert told == {str(int(code)) for code in CloseCode}
    assert MEANINGS.keys() == set(CloseCode)
    refused = document["components"]["messages"]["Refused"]["payload"]["properties"]["error"]
    assert set(refused["properties"]["code"]["enum"]) == {code.value for code in Code}


def test_two_schemas_of_one_name_are_no_document() -> None:
    with pytest.raises(ValueError, match="Point"):
        add({"Point": {"type": "object"}}, {"Point": {"type": "string"}})


def test_a_tuple_is_told_in_the_words_of_draft_07(document: dict[str, Any]) -> None:
    bids = document["components"]["schemas"]["BookItem"]["properties"]["bids"]
    assert bids["items"]["items"] == [{"type": "string"}, {"type": "string"}]
    assert bids["items"]["additionalItems"] is False


def test_references_are_found_at_any_depth() -> None:
    inner = {"$ref": "#/components/schemas/A", "x": [{"$ref": "#/components/schemas/B"}]}
    assert references({"properties": {"$ref": inner}}) == {"A", "B"}


BEAT = {"channel": "heartbeat", "type": "update", "data": [{"lastEventId": 0, "ts": 1}]}
UNFIT = [
    ("an unknown channel", TRADING, {**BEAT, "channel": "weather"}),
    ("an unknown type", TRADING, {**BEAT, "type": "snapshot"}),
    ("a member too many", TRADING, {**BEAT, "extra": 1}),
    ("a member of an item too many", TRADING, {**BEAT, "data": [{"lastEventId": 0, "ts": 1, "extra": 1}]}),
    ("a member too few", TRADING, {**BEAT, "data": [{"ts": 1}]}),
    ("a value out of range", TRADING, {**BEAT, "data": [{"lastEventId": -1, "ts": 1}]}),
    ("another socket's item", MARKET, BEAT),
    ("an answer to nothing", TRADING, {"id": 1, "status": "ok", "result": {}}),
    ("an unknown code", TRADING, {"id": 1, "status": "error", "error": {"code": "NO_SUCH_CODE", "message": ""}}),
]


@pytest.mark.parametrize(("address", "frame"), [row[1:] for row in UNFIT], ids=[row[0] for row in UNFIT])
def test_a_frame_that_does_not_fit_is_found(address: str, frame: dict[str, Any]) -> None:
    with pytest.raises(AssertionError):
        Conversation(address).received(json.dumps(frame))


def test_a_frame_that_fits_passes() -> None:
    conversation = Conversation(TRADING)
    conversation.received(json.dumps(BEAT))
    conversation.sent('{"id": 7, "method": "ping"}')
    conversation.received('{"id": 7, "status": "ok", "result": {"ts": 5}}')
    with pytest.raises(AssertionError):
        conversation.received('{"id": 7, "status": "ok", "result": {"ts": "5"}}')
