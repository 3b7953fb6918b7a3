"""Do messages in files reach exactly one reader, whole, whatever else happens to the files?"""

from __future__ import annotations

import shutil
import threading
from collections import Counter
from pathlib import Path
from queue import Empty
from typing import Any

import pytest
from kombu import Connection

from tradingmw.file_broker import SCHEME

QUEUE = "outbox"


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "celery"


def open_channel(directory: Path) -> Any:
    """A channel as each process has its own."""
    return Connection(f"{SCHEME}://localhost", transport_options={"directory": str(directory)}).channel()


def message(number: int) -> dict[str, Any]:
    return {"body": str(number), "properties": {}}


def drained(channel: Any) -> list[int]:
    found = []
    while True:
        try:
            found.append(int(channel._get(QUEUE)["body"]))
        except Empty:
            return found


def test_messages_arrive_in_their_order(directory: Path) -> None:
    writer, reader = open_channel(directory), open_channel(directory)
    for number in range(20):
        writer._put(QUEUE, message(number))
    assert reader._size(QUEUE) == 20
    assert drained(reader) == list(range(20))
    assert reader._size(QUEUE) == 0


def test_a_directory_that_is_not_there_is_an_empty_queue(directory: Path) -> None:
    assert drained(open_channel(directory)) == []


def test_files_and_directory_may_vanish_at_any_time(directory: Path) -> None:
    channel = open_channel(directory)
    for number in range(5):
        channel._put(QUEUE, message(number))
    assert channel._get(QUEUE)["body"] == "0"
    shutil.rmtree(directory)
    assert drained(channel) == []
    channel._put(QUEUE, message(7))
    assert drained(channel) == [7]


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"{}", b"\xff\xfe", b'"text"'])
def test_what_is_no_message_is_thrown_away_and_disturbs_nothing(directory: Path, content: bytes) -> None:
    channel = open_channel(directory)
    (directory / QUEUE).mkdir(parents=True)
    (directory / QUEUE / "0.json").write_bytes(content)
    channel._put(QUEUE, message(1))
    assert drained(channel) == [1]
    assert list((directory / QUEUE).iterdir()) == []


def test_a_message_that_is_still_being_written_is_not_seen(directory: Path) -> None:
    channel = open_channel(directory)
    (directory / QUEUE).mkdir(parents=True)
    (directory / QUEUE / "0.part").write_text('{"body": "0", "prop')
    assert drained(channel) == []


def test_many_readers_and_writers_lose_nothing_and_double_nothing(directory: Path) -> None:
    """Kombu's own file transport reads files that are still being written."""
    count, writers, readers = 200, 3, 3
    found: list[int] = []
    written = threading.Event()

    def write(first: int) -> None:
        channel = open_channel(directory)
        for number in range(first, count * writers, writers):
            channel._put(QUEUE, message(number))

    def read() -> None:
        channel = open_channel(directory)
        while not written.is_set() or channel._size(QUEUE):
            found.extend(drained(channel))

    sending = [threading.Thread(target=write, args=(n,)) for n in range(writers)]
    reading = [threading.Thread(target=read) for _ in range(readers)]
    for thread in (*reading, *sending):
        thread.start()
    for thread in sending:
        thread.join(30)
    written.set()
    for thread in reading:
        thread.join(30)
    assert Counter(found) == Counter(range(count * writers))


def test_a_queue_can_be_emptied(directory: Path) -> None:
    channel = open_channel(directory)
    for number in range(3):
        channel._put(QUEUE, message(number))
    assert channel._purge(QUEUE) == 3
    assert drained(channel) == []
