"""Are ready-made frames whole, legal, and never where they must not be?"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
import uvicorn
from hypothesis import given
from hypothesis import strategies as st
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.frames import Frame, Opcode
from websockets.streams import StreamReader

from marketdata.raw_frames import BINARY_OPCODE, EXTENSION, TEXT_OPCODE, FramesProtocol, FrameWriter, head, payloads
from tests.marketdata.lab import eventually


def text_frame(payload: bytes) -> bytes:
    return head(TEXT_OPCODE, len(payload)) + payload


def binary_frame(payload: bytes) -> bytes:
    return head(BINARY_OPCODE, len(payload)) + payload


@given(st.sampled_from([0, 1, 125, 126, 127, 65_535, 65_536, 70_000]), st.booleans())
def test_a_frame_is_read_back_as_its_payload(size: int, text: bool) -> None:
    payload = b"x" * size
    reader = StreamReader()
    reader.feed_data(text_frame(payload) if text else binary_frame(payload))
    parsing = Frame.parse(reader.read_exact, mask=False, max_size=None)
    with pytest.raises(StopIteration) as done:
        next(parsing)
    frame = done.value.value
    assert (frame.data, frame.fin, frame.opcode) == (payload, True, Opcode.TEXT if text else Opcode.BINARY)


@given(st.lists(st.tuples(st.sampled_from([0, 1, 125, 126, 127, 65_535, 65_536]), st.booleans()), max_size=5))
def test_joined_frames_are_taken_apart_again(sizes: list[tuple[int, bool]]) -> None:
    whole = [(b"x" * size, text) for size, text in sizes]
    frames = b"".join([text_frame(payload) if text else binary_frame(payload) for payload, text in whole])
    assert list(payloads(frames)) == [payload for payload, _ in whole]


class Served:
    """What the application was given, and what was told to its watcher."""

    def __init__(self) -> None:
        self.writer: FrameWriter | None = None
        self.send: Callable[[Any], Any] | None = None
        self.told: list[str] = []
        self.gone = False

    def paused(self) -> None:
        self.told.append("paused")

    def resumed(self) -> None:
        self.told.append("resumed")

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await receive()
        self.writer, self.send = scope["extensions"][EXTENSION], send
        self.writer.write(text_frame(b"before the handshake is answered"))
        await send({"type": "websocket.accept"})
        self.writer.watch(self)
        while (await receive())["type"] != "websocket.disconnect":
            pass
        self.gone = True


@contextlib.asynccontextmanager
async def served() -> AsyncIterator[tuple[Served, int]]:
    application, listener = Served(), socket.socket()
    listener.bind(("127.0.0.1", 0))
    config = uvicorn.Config(
        application, ws=FramesProtocol, ws_per_message_deflate=False, log_config=None, lifespan="off"
    )
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve([listener]))
    try:
        await eventually(lambda: server.started)
        yield application, listener.getsockname()[1]
    finally:
        server.should_exit = True
        await serving


async def joined(application: Served, port: int) -> ClientConnection:
    connection = await connect(f"ws://127.0.0.1:{port}/", proxy=None, max_size=None, max_queue=2)
    await eventually(lambda: application.writer)
    return connection


async def test_frames_and_plain_sends_arrive_in_the_order_of_writing() -> None:
    async with served() as (application, port), await joined(application, port) as client:
        assert application.writer and application.send
        application.writer.write(text_frame(b"one"))
        await application.send({"type": "websocket.send", "text": "two"})
        application.writer.write(binary_frame(b"three") + text_frame(b"four"))
        assert [await client.recv() for _ in range(4)] == ["one", "two", b"three", "four"]


async def test_a_message_is_written_at_once_while_its_client_keeps_up() -> None:
    async with served() as (application, port), await joined(application, port) as client:
        assert application.writer and application.send
        assert application.writer.write_message(TEXT_OPCODE, b"one")
        await application.send({"type": "websocket.send", "text": "two"})
        assert application.writer.write_message(BINARY_OPCODE, b"x" * 70_000)
        assert [await client.recv() for _ in range(3)] == ["one", "two", b"x" * 70_000]
        while not application.told:
            application.writer.write(binary_frame(b"x" * 100_000))
            await asyncio.sleep(0)
        assert not application.writer.write_message(TEXT_OPCODE, b"to a slow one")
        client.transport.abort()
        await eventually(lambda: application.gone)
        assert not application.writer.write_message(TEXT_OPCODE, b"nobody")


async def test_nothing_is_written_before_the_accept_or_after_the_close() -> None:
    async with served() as (application, port), await joined(application, port) as client:
        assert application.writer and application.send
        await application.send({"type": "websocket.close", "code": 4001})
        application.writer.write(text_frame(b"too late"))
        assert not application.writer.write_message(TEXT_OPCODE, b"too late")
        with pytest.raises(ConnectionClosed) as closed:
            await client.recv()
        assert closed.value.rcvd is not None and closed.value.rcvd.code == 4001
        application.writer.write(text_frame(b"much too late"))


async def test_a_client_that_does_not_read_pauses_its_watcher_and_reading_resumes_it() -> None:
    async with served() as (application, port), await joined(application, port) as client:
        assert application.writer
        written = 0
        while not application.told:
            application.writer.write(binary_frame(b"x" * 100_000))
            written += 1
            await asyncio.sleep(0)
        for _ in range(written):
            await client.recv()
        await eventually(lambda: application.told == ["paused", "resumed"])


async def test_a_watcher_of_a_paused_connection_is_told_at_once() -> None:
    async with served() as (application, port), await joined(application, port) as client:
        assert application.writer
        while not application.told:
            application.writer.write(binary_frame(b"x" * 100_000))
            await asyncio.sleep(0)
        application.told.clear()
        application.writer.watch(application)
        assert application.told == ["paused"]
        client.transport.abort()


async def test_a_client_that_vanishes_ends_the_application_and_takes_no_more() -> None:
    async with served() as (application, port):
        client = await joined(application, port)
        assert application.writer
        client.transport.abort()
        await eventually(lambda: application.gone)
        application.writer.write(text_frame(b"nobody"))
