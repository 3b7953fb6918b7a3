from collections.abc import Iterator

import pytest
import zmq

from bridge.link.work import WorkLink
from bridge.sockets.curve import KeyRing
from bridge.wire.codec import encode
from bridge.wire.faults import Reason
from bridge.wire.messages import Bar
from tests.bridge.link.scripted_engine import ScriptedEngine
from tests.bridge.waiting import until


@pytest.fixture
def link(context: zmq.Context, keyring: KeyRing, engine: ScriptedEngine) -> Iterator[WorkLink]:
    link = WorkLink(context, keyring, engine.addresses["work"])
    assert engine.work.poll(20_000, zmq.POLLOUT)
    yield link
    link.close()


def bar(minute: int) -> Bar:
    return Bar(
        instrument_id=1,
        symbol="AAPL",
        epoch=1,
        start_us=minute * 60_000_000,
        open_e8=1,
        high_e8=1,
        low_e8=1,
        close_e8=1,
        volume_e8=1,
    )


def test_bars_arrive(link: WorkLink, engine: ScriptedEngine) -> None:
    for minute in range(10):
        engine.work.send_multipart(encode(bar(minute)))
    bars: list[Bar] = []
    until(lambda: (bars.extend(link.receive(3)), len(bars) == 10)[1])
    assert bars == [bar(minute) for minute in range(10)]


def test_a_bar_that_cannot_be_believed_is_counted_and_skipped(link: WorkLink, engine: ScriptedEngine) -> None:
    engine.work.send_multipart([b"noise"])
    engine.work.send_multipart(encode(bar(1)))
    assert until(lambda: link.receive(10)) == [bar(1)]
    assert link.faults == {Reason.FRAME_COUNT: 1}


def test_two_workers_share_the_stream_and_nothing_comes_twice(context, keyring, link, engine) -> None:
    other = WorkLink(context, keyring, engine.addresses["work"])
    got: dict[str, list[Bar]] = {"link": [], "other": []}
    sent = []

    def shared() -> bool:
        engine.work.send_multipart(encode(bar(len(sent))))
        sent.append(len(sent))
        got["link"] += link.receive(100)
        got["other"] += other.receive(100)
        return len(got["link"]) > 5 and len(got["other"]) > 5

    until(shared)
    minutes = [taken.start_us for bars in got.values() for taken in bars]
    assert len(minutes) == len(set(minutes))
    other.close()
