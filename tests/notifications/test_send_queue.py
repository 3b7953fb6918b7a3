"""What waits on one socket: in order, bounded, closed when the client does not read."""

from __future__ import annotations

import asyncio

import pytest

from notifications.send_queue import PENDING_BYTES_MAX, SendQueue
from tests.notifications.streams import until


class Client:
    """Reads payloads while `reading` is set."""

    def __init__(self) -> None:
        self.received: list[bytes] = []
        self.closed = 0
        self.reading = asyncio.Event()
        self.reading.set()
        self.queue = SendQueue(self._take, self._close)

    async def _take(self, payload: bytes) -> None:
        await self.reading.wait()
        if payload == b"poison":
            raise ValueError("this payload cannot be sent")
        self.received.append(payload)

    async def _close(self) -> None:
        self.closed += 1


@pytest.fixture
async def client() -> Client:
    return Client()


async def test_payloads_leave_in_their_order(client: Client) -> None:
    for number in range(100):
        client.queue.put(b"%d" % number)
    await until(lambda: len(client.received) == 100)
    assert client.received == [b"%d" % number for number in range(100)]
    assert (client.queue.pending_bytes, client.closed) == (0, 0)


async def test_what_can_be_sent_at_once_is_never_ahead_of_what_waits() -> None:
    client, at_once, is_free = Client(), list[bytes](), asyncio.Event()

    def send_now(payload: bytes) -> bool:
        if is_free.is_set():
            at_once.append(payload)
        return is_free.is_set()

    client.queue = queue = SendQueue(client._take, client._close, send_now)
    client.reading.clear()
    queue.put(b"waits")
    is_free.set()
    queue.put(b"behind it")
    assert (at_once, queue.pending_bytes) == ([], len(b"waitsbehind it"))
    client.reading.set()
    await until(lambda: not queue.pending_bytes)
    queue.put(b"at once")
    assert (client.received, at_once, queue.pending_bytes) == ([b"waits", b"behind it"], [b"at once"], 0)
    await queue.stop()


async def test_nothing_is_sent_at_once_where_the_queue_has_failed() -> None:
    client, at_once = Client(), list[bytes]()
    queue = SendQueue(client._take, client._close, lambda payload: at_once.append(payload) is None)
    queue.fail()
    queue.put(b"too late")
    assert at_once == []
    await queue.stop()


async def test_more_than_a_mebibyte_pending_closes_the_socket_and_frees_the_memory(client: Client) -> None:
    client.reading.clear()
    for _ in range(20):
        client.queue.put(bytes(PENDING_BYTES_MAX // 10))
    assert client.queue.failed
    client.reading.set()
    await until(lambda: client.closed == 1)
    assert client.queue.pending_bytes <= PENDING_BYTES_MAX
    assert len(client.received) <= 1


async def test_one_payload_beyond_the_bound_goes_alone(client: Client) -> None:
    client.queue.put(bytes(PENDING_BYTES_MAX + 1))
    await until(lambda: len(client.received) == 1)
    assert client.closed == 0


async def test_room_waits_until_the_client_has_read(client: Client) -> None:
    client.reading.clear()
    client.queue.put(bytes(PENDING_BYTES_MAX // 2))
    waiting = asyncio.ensure_future(client.queue.room())
    await asyncio.sleep(0)
    assert not waiting.done()
    client.reading.set()
    assert await waiting is True


async def test_room_does_not_wait_for_a_client_that_was_given_up(client: Client) -> None:
    client.reading.clear()
    client.queue.put(bytes(PENDING_BYTES_MAX // 2))
    waiting = asyncio.ensure_future(client.queue.room())
    client.queue.fail()
    assert await waiting is False


async def test_a_payload_that_cannot_be_sent_closes_the_socket(client: Client) -> None:
    client.queue.put(b"poison")
    await until(lambda: client.closed == 1)


async def test_nothing_is_sent_after_stop(client: Client) -> None:
    client.queue.put(b"first")
    await until(lambda: client.received == [b"first"])
    await client.queue.stop()
    client.queue.put(b"second")
    assert (client.received, client.closed) == ([b"first"], 0)
