import threading
from collections.abc import Callable, Iterator

import pytest
import zmq

from bridge.link.queries import QueryFault, QueryLink, QueryTimeout
from bridge.sockets.curve import KeyRing, Role
from bridge.wire.codec import decode_query, encode
from bridge.wire.faults import Reason
from bridge.wire.messages import BookSnapshot, BookSnapshotRequest, InstrumentList, InstrumentListRequest, QueryReject
from bridge.wire.vocabulary import RejectCode
from tests.bridge.link.scripted_engine import ScriptedEngine

LONG_MS = 20_000
SHORT_MS = 20


@pytest.fixture
def link(context: zmq.Context, keyring: KeyRing, engine: ScriptedEngine) -> Iterator[QueryLink]:
    link = QueryLink(context, keyring, engine.addresses["queries"])
    yield link
    link.close()


def answering(engine: ScriptedEngine, *answers: Callable[[int], list[bytes] | None]) -> threading.Thread:
    """Answer the next questions, in a thread; an answer gets the request id and makes the frames."""

    def run() -> None:
        for answer in answers:
            if not engine.queries.poll(LONG_MS):
                return
            engine.queries.send_multipart(answer(decode_query(engine.queries.recv_multipart()).request_id))

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def instruments(request_id: int) -> list[bytes]:
    return encode(InstrumentList(request_id=request_id, epoch=1, instruments=[]))


def test_a_question_gets_its_answer(link: QueryLink, engine: ScriptedEngine) -> None:
    thread = answering(engine, instruments)
    assert link.ask(InstrumentListRequest(request_id=5), LONG_MS) == InstrumentList(
        request_id=5, epoch=1, instruments=[]
    )
    thread.join()


def test_questions_follow_each_other(link: QueryLink, engine: ScriptedEngine) -> None:
    snapshot = BookSnapshot(request_id=2, epoch=1, shard="0", seq=9, instruments=[])
    thread = answering(engine, instruments, lambda _: encode(snapshot), instruments)
    link.ask(InstrumentListRequest(request_id=1), LONG_MS)
    assert link.ask(BookSnapshotRequest(request_id=2, shard="0"), LONG_MS) == snapshot
    link.ask(InstrumentListRequest(request_id=3), LONG_MS)
    thread.join()


def test_a_refusal_is_an_answer(link: QueryLink, engine: ScriptedEngine) -> None:
    refusal = QueryReject(request_id=0, code=RejectCode.MALFORMED, reason="unreadable")
    thread = answering(engine, lambda _: encode(refusal))
    assert link.ask(InstrumentListRequest(request_id=1), LONG_MS) == refusal
    thread.join()


def test_after_time_outs_the_link_can_be_asked_again_and_late_answers_are_thrown_away(link, engine) -> None:
    reached = threading.Thread(target=lambda: engine.queries.poll(LONG_MS))
    reached.start()
    with pytest.raises(QueryTimeout, match="within 1000 ms"):
        link.ask(InstrumentListRequest(request_id=1), 1000)
    reached.join()
    with pytest.raises(QueryTimeout, match="within 20 ms"):
        link.ask(InstrumentListRequest(request_id=2), SHORT_MS)
    thread = answering(engine, *[instruments] * 3)
    assert link.ask(InstrumentListRequest(request_id=3), LONG_MS).request_id == 3
    thread.join()


def test_an_absent_engine_is_a_time_out_and_the_question_is_not_kept(link, engine, start_engine) -> None:
    engine.die()
    with pytest.raises(QueryTimeout):
        link.ask(InstrumentListRequest(request_id=1), SHORT_MS)
    again = start_engine(addresses=engine.addresses)
    thread = answering(again, instruments)
    assert link.ask(InstrumentListRequest(request_id=2), LONG_MS).request_id == 2
    thread.join()


@pytest.mark.parametrize(
    ("frames", "reason"),
    [
        ([b""], Reason.FRAME_COUNT),
        ([b"noise", b"noise"], Reason.ENVELOPE_SIZE),
        (encode(InstrumentListRequest(request_id=1)), Reason.SCHEMA),
    ],
)
def test_an_answer_that_cannot_be_believed_is_counted_and_the_link_goes_on(link, engine, frames, reason) -> None:
    thread = answering(engine, lambda _: frames, instruments)
    with pytest.raises(QueryFault, match=reason):
        link.ask(InstrumentListRequest(request_id=1), LONG_MS)
    assert link.faults == {reason: 1}
    assert link.ask(InstrumentListRequest(request_id=2), LONG_MS).request_id == 2
    thread.join()


def test_the_answer_to_another_question_is_refused(link: QueryLink, engine: ScriptedEngine) -> None:
    thread = answering(engine, lambda request_id: instruments(request_id + 1))
    with pytest.raises(QueryFault, match="Request 1 was answered as 2"):
        link.ask(InstrumentListRequest(request_id=1), LONG_MS)
    thread.join()


def test_a_role_without_business_there_gets_no_answer(context, keyring, engine) -> None:
    link = QueryLink(context, keyring, engine.addresses["queries"], role=Role.WEB)
    with pytest.raises(QueryTimeout):
        link.ask(InstrumentListRequest(request_id=1), SHORT_MS)
    link.close()
