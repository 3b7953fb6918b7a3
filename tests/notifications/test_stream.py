"""Numbers of a private stream: without holes, in the order of commits, whoever writes."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from uuid import UUID, uuid4

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from notifications.models import StreamCounter, StreamEvent
from notifications.stream import (
    NAMES_PER_QUERY,
    NewEvent,
    NoTransaction,
    append,
    desk_stream,
    last_number,
    last_numbers,
    read,
    user_stream,
)
from tests.notifications.streams import AT, event, write

USER = UUID("0c7f43de-4a3c-4b1e-9a2e-3f1d2c4b5a69")


def test_a_stream_is_named_after_its_owner() -> None:
    assert user_stream(USER) == "user:0c7f43de4a3c4b1e9a2e3f1d2c4b5a69"
    assert desk_stream(USER) == "desk:0c7f43de4a3c4b1e9a2e3f1d2c4b5a69"


@pytest.mark.django_db(transaction=True)
def test_appending_outside_a_transaction_is_refused(stream: str) -> None:
    with pytest.raises(NoTransaction):
        append([event(stream)], at=AT)
    assert not StreamCounter.objects.exists()


@pytest.mark.django_db
def test_the_first_event_of_a_stream_is_number_one(stream: str) -> None:
    assert write([event(stream)]) == [1]
    assert last_number(stream) == 1


@pytest.mark.django_db
def test_an_empty_append_takes_no_number(stream: str) -> None:
    assert write([]) == []
    assert last_number(stream) == 0


@pytest.mark.django_db
def test_what_was_appended_is_read_back_as_it_was(stream: str) -> None:
    write([NewEvent(stream, "executions", "trade_happened", '{"id":"ü"}')])
    (row,) = read(stream, 0, 10)
    assert (row.number, row.channel, row.kind, row.data, row.created_at) == (
        1,
        "executions",
        "trade_happened",
        '{"id":"ü"}',
        AT,
    )


@pytest.mark.django_db
def test_a_rolled_back_append_leaves_its_numbers_to_the_next(stream: str) -> None:
    write([event(stream)])
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        append([event(stream)] * 3, at=AT)
        1 / 0  # noqa: B018
    assert write([event(stream)]) == [2]


@pytest.mark.django_db
def test_numbers_that_another_process_took_meanwhile_are_not_given_again(stream: str) -> None:
    write([event(stream)])
    StreamCounter.objects.filter(stream=stream).update(number=4)
    assert write([event(stream)] * 2) == [5, 6]
    assert write([event(stream)]) == [7]


@pytest.mark.django_db
def test_a_page_begins_after_the_cursor_and_ends_at_its_limit(stream: str) -> None:
    write([event(stream)] * 5)
    assert [row.number for row in read(stream, 1, 3)] == [2, 3, 4]


@pytest.mark.django_db
def test_streams_without_events_stand_at_zero_however_many_are_asked_for(stream: str) -> None:
    write([event(stream)])
    names = [user_stream(uuid4()) for _ in range(NAMES_PER_QUERY * 2)]
    assert last_numbers([*names, stream]) == {**dict.fromkeys(names, 0), stream: 1}


@pytest.mark.django_db
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(calls=st.lists(st.lists(st.sampled_from("abc"), max_size=6), max_size=5))
def test_events_of_a_call_keep_their_order_in_every_stream(calls: list[list[str]]) -> None:
    mark = uuid4().hex
    expected: dict[str, list[str]] = {}
    for call, names in enumerate(calls):
        events = [event(f"{name}:{mark}", data=f"{call}.{place}") for place, name in enumerate(names)]
        numbers = write(events)
        for item, number in zip(events, numbers, strict=True):
            told = expected.setdefault(item.stream, [])
            told.append(item.data)
            assert number == len(told)
    for stream, told in expected.items():
        assert [row.data for row in read(stream, 0, 100)] == told


@pytest.mark.django_db(transaction=True)
def test_two_writing_processes_never_show_a_reader_a_skipped_or_reordered_number() -> None:
    streams = [user_stream(uuid4()) for _ in range(3)]
    seen = {stream: list[tuple[int, str]]() for stream in streams}
    writers = [start_writer(seed, 150, streams) for seed in (1, 2)]
    begin_together(writers)
    while any(writer.poll() is None for writer in writers):
        for stream in streams:
            look(stream, seen[stream])
    written = sum((Counter(json.loads(finish(writer))) for writer in writers), Counter[str]())
    for stream in streams:
        look(stream, seen[stream])
        assert len(seen[stream]) == written[stream] == last_number(stream)
        assert seen[stream] == [
            (row.number, row.data) for row in StreamEvent.objects.filter(stream=stream).order_by("number")
        ]


def look(stream: str, seen: list[tuple[int, str]]) -> None:
    """Read on from what was seen: the counter promised at least as much, and nothing is missing in between."""
    promised = last_number(stream)
    rows = read(stream, len(seen), 10_000)
    assert [row.number for row in rows] == list(range(len(seen) + 1, len(seen) + 1 + len(rows)))
    assert len(seen) + len(rows) >= promised
    seen.extend((row.number, row.data) for row in rows)


def start_writer(seed: int, times: int, streams: list[str]) -> subprocess.Popen[str]:
    database = str(connection.settings_dict["NAME"])
    command = [sys.executable, "-m", "tests.notifications.writer", database, str(seed), str(times), *streams]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen(command, text=True, **pipes)


def begin_together(writers: list[subprocess.Popen[str]]) -> None:
    for writer in writers:
        assert writer.stdout and writer.stdout.readline() == "ready\n"
    for writer in writers:
        assert writer.stdin
        writer.stdin.write("go\n")
        writer.stdin.flush()


def finish(writer: subprocess.Popen[str]) -> str:
    out, err = writer.communicate(timeout=60)
    assert writer.returncode == 0, err
    return out
