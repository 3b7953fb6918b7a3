import itertools
from collections.abc import Iterator

import pytest
import zmq

from bridge.link.feed import FeedLink, FeedMessage
from bridge.sockets.curve import KeyRing
from bridge.wire.codec import encode, encode_numbered
from bridge.wire.envelope import Kind, seal
from bridge.wire.faults import Reason
from bridge.wire.market import Quote, encode_quotes
from bridge.wire.messages import EngineStatus, TopicHeartbeat
from bridge.wire.sequence import Verdict
from bridge.wire.vocabulary import EngineState
from tests.bridge.link.scripted_engine import Clock, ScriptedEngine
from tests.bridge.waiting import until

TOPIC = b"md.0"
QUOTE = Quote(1, 1_000_000, 100, 1, 101, 1, 100, 1, 5)
PAYLOAD = encode_quotes([QUOTE])
MOMENTS = itertools.count(1)


@pytest.fixture
def link(context: zmq.Context, keyring: KeyRing, engine: ScriptedEngine, clock: Clock) -> Iterator[FeedLink]:
    """A link whose subscriptions are in force."""
    link = FeedLink(context, keyring, engine.addresses["market_data"], ["md.0", "md.1", "status"], monotonic=clock)
    joined(link, engine)
    yield link
    link.close()


def joined(link: FeedLink, engine: ScriptedEngine) -> None:
    """Subscriptions are sent in order, so the status heard means that the topics before it are in force, too."""
    until(lambda: (publish_status(engine), link.receive(100))[1], "the subscription")
    engine.market_data.send_multipart([b"status", b"last of the greetings", b""])
    until(lambda: (link.receive(100), link.faults[Reason.ENVELOPE_SIZE])[1])
    link.faults.clear()


def publish_status(engine: ScriptedEngine, epoch: int = 1) -> None:
    status = EngineStatus(epoch=epoch, state=EngineState.OPEN, sent_at_us=1)
    engine.market_data.send_multipart([b"status", *encode_numbered(status, epoch, 0)])


def publish(engine: ScriptedEngine, seq: int, *, epoch: int = 1, topic: bytes = TOPIC) -> None:
    engine.market_data.send_multipart([topic, seal(Kind.QUOTES, PAYLOAD, epoch=epoch, seq=seq), PAYLOAD])


def beat(
    engine: ScriptedEngine, last_seq: int, *, epoch: int = 1, topic: bytes = TOPIC, sent_at_us: int | None = None
) -> None:
    heartbeat = TopicHeartbeat(sent_at_us=next(MOMENTS) if sent_at_us is None else sent_at_us)
    engine.market_data.send_multipart([topic, *encode_numbered(heartbeat, epoch, last_seq)])


def received(link: FeedLink, engine: ScriptedEngine) -> list[FeedMessage]:
    """Everything published before this, without the status that marks the end."""
    publish_status(engine)
    messages: list[FeedMessage] = []
    until(lambda: (messages.extend(link.receive(100)), messages and messages[-1].topic == "status")[1])
    return messages[:-1]


def verdicts(link: FeedLink, engine: ScriptedEngine) -> list[Verdict]:
    return [message.verdict for message in received(link, engine)]


def test_batches_arrive_whole_and_in_order(link: FeedLink, engine: ScriptedEngine) -> None:
    for seq in range(1, 501):
        publish(engine, seq)
    messages = received(link, engine)
    assert [message.envelope.seq for message in messages] == list(range(1, 501))
    assert {message.verdict for message in messages[1:]} == {Verdict.NEXT}
    assert messages[0].rows == [QUOTE]
    assert link.position("md.0") == (1, 500)


def test_the_first_message_of_a_topic_needs_a_snapshot(link: FeedLink, engine: ScriptedEngine) -> None:
    publish(engine, 40)
    assert verdicts(link, engine) == [Verdict.NEW_EPOCH]


def test_a_hole_is_a_gap_once(link: FeedLink, engine: ScriptedEngine) -> None:
    for seq in (1, 2, 5, 6):
        publish(engine, seq)
    assert verdicts(link, engine) == [Verdict.NEW_EPOCH, Verdict.NEXT, Verdict.GAP, Verdict.NEXT]


def test_repeats_and_leftovers_of_an_earlier_epoch_are_dropped_and_counted(link, engine) -> None:
    publish(engine, 1, epoch=2)
    publish(engine, 1, epoch=2)
    publish(engine, 9, epoch=1)
    beat(engine, 9, epoch=1)
    publish(engine, 2, epoch=2)
    assert verdicts(link, engine) == [Verdict.NEW_EPOCH, Verdict.NEXT]
    assert link.left_over == {Verdict.DUPLICATE: 1, Verdict.OLD_EPOCH: 2}


def test_a_loss_at_the_tail_shows_in_the_next_heartbeat(link: FeedLink, engine: ScriptedEngine) -> None:
    publish(engine, 1)
    beat(engine, 1)
    beat(engine, 3)
    publish(engine, 4)
    assert verdicts(link, engine) == [Verdict.NEW_EPOCH, Verdict.NEXT, Verdict.GAP, Verdict.NEXT]


def test_a_heartbeat_tells_of_a_new_epoch(link: FeedLink, engine: ScriptedEngine) -> None:
    publish(engine, 5)
    beat(engine, 0, epoch=2)
    publish(engine, 1, epoch=2)
    assert verdicts(link, engine) == [Verdict.NEW_EPOCH, Verdict.NEW_EPOCH, Verdict.NEXT]


def test_what_never_came_is_counted(link: FeedLink, engine: ScriptedEngine) -> None:
    publish(engine, 1)
    publish(engine, 102)
    beat(engine, 103)
    received(link, engine)
    assert link.missed == 101


def test_a_heartbeat_that_is_repeated_is_no_news(link: FeedLink, engine: ScriptedEngine, clock: Clock) -> None:
    publish(engine, 1)
    beat(engine, 1, sent_at_us=10**9)
    received(link, engine)
    clock.advance(10.0)
    beat(engine, 1, sent_at_us=10**9)
    beat(engine, 0, sent_at_us=10**9 - 1)
    assert verdicts(link, engine) == []
    assert link.silence_seconds("md.0") == 10.0
    assert link.left_over == {Verdict.DUPLICATE: 2}


def test_a_topic_that_counts_backwards_is_noticed_by_its_next_heartbeat(link: FeedLink, engine: ScriptedEngine) -> None:
    publish(engine, 7)
    publish(engine, 1)
    publish(engine, 2)
    beat(engine, 2)
    publish(engine, 3)
    assert verdicts(link, engine) == [Verdict.NEW_EPOCH, Verdict.REGRESSION, Verdict.NEXT]
    assert link.left_over == {Verdict.DUPLICATE: 2}


def test_a_batch_that_cannot_be_read_never_happened(link: FeedLink, engine: ScriptedEngine) -> None:
    publish(engine, 1)
    engine.market_data.send_multipart([TOPIC, seal(Kind.QUOTES, b"nonsense", epoch=1, seq=2), b"nonsense"])
    publish(engine, 2)
    assert verdicts(link, engine) == [Verdict.NEW_EPOCH, Verdict.NEXT]
    assert link.faults == {Reason.FLATBUFFER: 1}


def test_a_frame_beyond_every_measure_ends_the_connection_and_the_next_one_goes_on(link, engine, clock) -> None:
    publish(engine, 1)
    received(link, engine)
    engine.market_data.send_multipart([TOPIC, b"", bytes(5 * 1024 * 1024)])
    until(lambda: (link.receive(100), link.disconnections.look(), link.disconnections.seen)[2], "the cut")
    clock.advance(3.0)
    link.look()
    joined(link, engine)
    publish(engine, 3)
    assert verdicts(link, engine) == [Verdict.GAP]


def test_what_waits_to_be_read_is_not_thrown_away_for_a_new_connection(link, engine, clock) -> None:
    publish(engine, 1)
    assert link.socket.poll(10_000)
    clock.advance(10.0)
    link.look()
    assert verdicts(link, engine) == [Verdict.NEW_EPOCH]


def test_topics_are_numbered_apart(link: FeedLink, engine: ScriptedEngine) -> None:
    for topic in (b"md.0", b"md.1", b"md.0", b"md.1"):
        publish(engine, 1 + (link.position(topic.decode())[1]), topic=topic)
        received(link, engine)
    assert (link.position("md.0"), link.position("md.1")) == ((1, 2), (1, 2))


def test_a_topic_that_only_begins_like_ours_is_not_ours(link: FeedLink, engine: ScriptedEngine) -> None:
    publish(engine, 1, topic=b"md.01")
    assert received(link, engine) == []
    assert link.strangers == 1


def test_heartbeats_and_status_come_decoded(link: FeedLink, engine: ScriptedEngine) -> None:
    beat(engine, 0, sent_at_us=10**9)
    assert received(link, engine)[0].published == TopicHeartbeat(sent_at_us=10**9)


def test_malformed_frames_are_counted_by_reason_and_disturb_nothing(link: FeedLink, engine: ScriptedEngine) -> None:
    good = seal(Kind.QUOTES, PAYLOAD, epoch=1, seq=1)
    for frames in (
        [TOPIC],
        [TOPIC, good],
        [TOPIC, good, PAYLOAD, b"more"],
        [TOPIC, b"short", PAYLOAD],
        [TOPIC, b"XXXX" + good[4:], PAYLOAD],
        [TOPIC, good, PAYLOAD[:-1]],
        [TOPIC, good, PAYLOAD[:-1] + b"\xff"],
        [TOPIC, seal(Kind.QUOTES, PAYLOAD), PAYLOAD],
        [TOPIC, seal(Kind.MESSAGE, b"\xc1", epoch=1, seq=1), b"\xc1"],
        [TOPIC, *encode(TopicHeartbeat(sent_at_us=1))],
    ):
        engine.market_data.send_multipart(frames)
    publish(engine, 1)
    assert verdicts(link, engine) == [Verdict.NEW_EPOCH]
    assert link.faults == {
        Reason.FRAME_COUNT: 3,
        Reason.ENVELOPE_SIZE: 1,
        Reason.MAGIC: 1,
        Reason.LENGTH: 1,
        Reason.CHECKSUM: 1,
        Reason.NUMBERING: 2,
        Reason.NOT_MESSAGEPACK: 1,
    }


def test_a_topic_that_says_nothing_is_silent_and_its_neighbour_is_not(link, engine, clock) -> None:
    clock.advance(10.0)
    publish(engine, 1, topic=b"md.1")
    received(link, engine)
    assert link.silent_topics() == ["md.0"]
    assert (link.silence_seconds("md.0"), link.silence_seconds("md.1")) == (10.0, 0.0)


def test_garbage_is_no_sign_of_life(link: FeedLink, engine: ScriptedEngine, clock: Clock) -> None:
    clock.advance(10.0)
    engine.market_data.send_multipart([TOPIC, b"noise", b"noise"])
    received(link, engine)
    assert link.silence_seconds("md.0") == 10.0


def test_at_most_so_many_messages_are_taken_at_once(link: FeedLink, engine: ScriptedEngine) -> None:
    for seq in range(1, 11):
        publish(engine, seq)
    assert link.socket.poll(10_000)
    assert len(link.receive(3)) <= 3


def test_whoever_reads_knows_whether_more_waits(link: FeedLink, engine: ScriptedEngine) -> None:
    for seq in range(1, 11):
        publish(engine, seq)
    assert link.socket.poll(10_000)
    link.receive(1)
    assert not link.is_empty
    received(link, engine)
    link.receive(1)
    assert link.is_empty


def test_an_engine_that_returns_is_heard_again_in_its_new_epoch(link, engine, start_engine) -> None:
    publish(engine, 1)
    received(link, engine)
    engine.die()
    again = start_engine(addresses=engine.addresses, epoch=2)
    joined(link, again)
    publish(again, 1, epoch=2)
    publish(again, 2, epoch=2)
    assert verdicts(link, again) == [Verdict.NEW_EPOCH, Verdict.NEXT]
