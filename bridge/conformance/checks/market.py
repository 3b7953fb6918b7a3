"""Is the market data numbered, readable and true?"""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

from bridge.conformance.book import Book
from bridge.conformance.catalogue import Catalogue
from bridge.conformance.recording import BEATS, STATUS, Recording, recorded
from bridge.conformance.subject import Subject
from bridge.conformance.verdicts import Unmet, require
from bridge.wire.envelope import Kind
from bridge.wire.messages import EngineStatus, TopicHeartbeat

MARKET = Catalogue()


@MARKET.check("InstrumentList", core=True)
def instruments(subject: Subject) -> str:
    """The table is of the engine's present epoch, its symbols are unique, and it is the same when asked again."""
    table, again = subject.instruments(), subject.instruments()
    require(table.instruments, "it is empty")
    twice = [symbol for symbol, count in Counter(row.symbol for row in table.instruments).items() if count > 1]
    require(not twice, f"{', '.join(twice)} stands there twice")
    require(table.instruments == again.instruments, "it is another one when asked again")
    with subject.welcomed() as conversation:
        epoch = conversation.welcome.epoch
    require(table.epoch == again.epoch == epoch, f"it is of epoch {table.epoch}, Welcome of {epoch}")
    return f"{len(table.instruments)} instruments of epoch {table.epoch}"


@MARKET.check("Market data", core=True)
def market_numbers(subject: Subject) -> str:
    """The batches of a topic are of the engine's epoch and numbered +1 each, over the three kinds together."""
    recording = recorded(subject)
    batches = [each.envelope for each in recording.of_topic() if each.envelope.kind is not Kind.MESSAGE]
    require(batches, f"orders came and went, and no batch was published on {recording.topic}")
    strays = {batch.epoch for batch in batches} - {recording.epoch}
    require(not strays, f"batches of the epochs {strays} came, not of {recording.epoch} alone")
    wrong = [(one.seq, other.seq) for one, other in pairwise(batches) if other.seq != one.seq + 1]
    require(not wrong, f"after batch {wrong[0][0] if wrong else 0} came {wrong[0][1] if wrong else 0}")
    return f"{len(batches)} batches, {batches[0].seq} to {batches[-1].seq}"


@MARKET.check("TopicHeartbeat", core=True)
def topic_heartbeat(subject: Subject) -> str:
    """The topic has heartbeats that say the number of its last batch, each with a later time than the one before."""
    recording = recorded(subject)
    last, beats = 0, []
    for each in recording.of_topic():
        if isinstance(each.message, TopicHeartbeat):
            beats.append(each.message.sent_at_us)
            said = each.envelope.seq
            require(not last or said == last, f"a heartbeat says {said} after batch {last}")
        elif each.envelope.kind is not Kind.MESSAGE:
            last = each.envelope.seq
    require(len(beats) >= BEATS, f"{len(beats)} heartbeats, {BEATS} expected")
    require(all(one < other for one, other in pairwise(beats)), "a heartbeat is not later than the one before")
    return f"{len(beats)} heartbeats"


@MARKET.check("EngineStatus", core=True)
def engine_status(subject: Subject) -> str:
    """The topic `status` says each second that the engine is open, with its epoch."""
    recording = recorded(subject)
    told = [each.message for each in recording.published if each.topic == STATUS]
    statuses = [message for message in told if isinstance(message, EngineStatus)]
    require(statuses, f"nothing came on topic {STATUS}")
    epochs = {status.epoch for status in statuses}
    require(epochs == {recording.epoch}, f"the epochs {epochs}, the instrument table has {recording.epoch}")
    return f"{len(statuses)} times, {statuses[-1].state}"


@MARKET.check("Byte layout of batches", core=True)
def market_batches(subject: Subject) -> str:
    """Every batch can be read, its instruments are of the table and of this shard, and its prices are multiples of
    the tick."""
    recording = recorded(subject)
    faults = [each.fault for each in recording.published if each.fault]
    require(not faults, f"{len(faults)} messages cannot be read: {faults[0] if faults else ''}")
    table = {row.instrument_id: row for row in subject.instruments().instruments}
    rows = 0
    for each in recording.published:
        for row in each.rows:
            listed = table.get(row.instrument_id)
            if listed is None:
                raise Unmet(f"{each.envelope.kind.name} of instrument {row.instrument_id}, which is not in the table")
            require(each.topic == f"md.{listed.shard}", f"{listed.symbol} of shard {listed.shard} came on {each.topic}")
            price = getattr(row, "price_e8", 0)
            require(not price % listed.tick_e8, f"{listed.symbol} at {price}, which is no multiple of {listed.tick_e8}")
            rows += 1
    return f"{rows} rows"


@MARKET.check("Market data", core=True)
def book_snapshot(subject: Subject) -> str:
    """A snapshot, brought up to date by the depth that follows it, is the next snapshot, level by level."""
    recording = recorded(subject)
    books = {row.instrument_id: Book(row) for row in recording.before.instruments}
    _bring_up_to_date(books, recording)
    for row in recording.after.instruments:
        require(row.instrument_id in books, f"instrument {row.instrument_id} is in the second snapshot only")
        difference = books[row.instrument_id].difference(row)
        require(not difference, f"instrument {row.instrument_id}: {difference}")
    changes = recording.after.seq - recording.before.seq
    return f"{len(books)} books are equal after {changes} batches"


def _bring_up_to_date(books: dict[int, Book], recording: Recording) -> None:
    """Apply each batch behind the first snapshot up to the second, once; none may be missing."""
    seq = recording.before.seq
    for each in recording.of_topic():
        if each.envelope.kind is Kind.MESSAGE or not seq < each.envelope.seq <= recording.after.seq:
            continue
        require(each.envelope.seq == seq + 1, f"after batch {seq} came {each.envelope.seq}: nothing can be compared")
        seq = each.envelope.seq
        for row in each.rows if each.envelope.kind is Kind.DEPTH else ():
            require(row.instrument_id in books, f"depth of instrument {row.instrument_id}, which has no snapshot")
            books[row.instrument_id].apply(row)
    require(seq == recording.after.seq, f"batch {recording.after.seq} of the snapshot never came, the last was {seq}")
