"""Are deflated frames what clients read, and can no client make us inflate more than it may?"""

from __future__ import annotations

import contextlib
import json
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.exceptions import ConnectionClosed
from websockets.extensions.permessage_deflate import PerMessageDeflate
from websockets.frames import Frame, Opcode
from websockets.streams import StreamReader
from websockets.sync.client import ClientConnection, connect

from marketdata.deflate import LEAST_BYTES, TAIL, WINDOW_BITS
from marketdata.raw_frames import BINARY_OPCODE, COMPRESSED, TEXT_OPCODE, deflated, head
from tests.raw_client import TEXT, frame
from tests.served import served
from tests.stack import wait_for
from tradingmw.env import Env
from tradingmw.server import SocketProtocol

TOO_BIG, SECONDS = 1009, 15.0
MESSAGE_BYTES, BOMB_BYTES, FLAT_BYTES = 65_536, 60_000_000, 1_000_000


def read_frames(data: bytes) -> Iterator[Frame]:
    """As a client reads them that has agreed on the extension."""
    reader = StreamReader()
    reader.feed_data(data)
    while reader.buffer:
        parsing = Frame.parse(
            reader.read_exact, mask=False, extensions=[PerMessageDeflate(True, True, WINDOW_BITS, WINDOW_BITS)]
        )
        with pytest.raises(StopIteration) as done:
            next(parsing)
        yield done.value.value


payload_of_some_size = st.builds(
    lambda unit, times: unit * times, st.binary(min_size=1, max_size=40), st.sampled_from([1, 20, 500, 4_000])
)


@given(st.lists(payload_of_some_size, min_size=1, max_size=4), st.sampled_from([TEXT_OPCODE, BINARY_OPCODE]))
def test_deflated_frames_are_read_as_the_same_messages_and_are_never_longer(messages: list[bytes], opcode: int) -> None:
    plain = b"".join(head(opcode, len(message)) + message for message in messages)
    made = deflated(plain)
    found = list(read_frames(made))
    assert [bytes(one.data) for one in found] == messages
    assert {one.opcode for one in found} == {Opcode.TEXT if opcode == TEXT_OPCODE else Opcode.BINARY}
    assert len(made) <= len(plain)


def test_a_small_message_stays_as_it_is() -> None:
    plain = head(TEXT_OPCODE, LEAST_BYTES - 1) + b"x" * (LEAST_BYTES - 1)
    assert deflated(plain) == plain


# What clients send ---------------------------------------------------------------------------------------------------


class Listening:
    """An application that notes how large the messages are."""

    def __init__(self) -> None:
        self.sizes: list[int] = []

    async def __call__(self, scope: Any, receive: Callable[[], Any], send: Callable[[Any], Any]) -> None:
        if scope["type"] != "websocket":
            return
        await receive()
        await send({"type": "websocket.accept"})
        while (message := await receive())["type"] == "websocket.receive":
            self.sizes.append(len(message.get("text") or message["bytes"]))


@contextlib.contextmanager
def listening(tmp_path: Path) -> Iterator[tuple[Listening, ClientConnection]]:
    application = Listening()
    guarded = SocketProtocol.of(Env(_env_file=None, data_dir=tmp_path, socket_compression=True))
    with served(application, ws=guarded) as address, connect(f"ws://{address}/", proxy=None) as connection:
        yield application, connection


def squeezed_zeros(size: int) -> bytes:
    """A frame that a client of the extension would send."""
    squeezing = zlib.compressobj(9, zlib.DEFLATED, -WINDOW_BITS)
    data = squeezing.compress(bytes(size)) + squeezing.flush(zlib.Z_SYNC_FLUSH)
    return frame(TEXT | COMPRESSED, data.removesuffix(TAIL))


def close_code(connection: ClientConnection) -> int | None:
    with pytest.raises(ConnectionClosed) as closed:
        connection.recv(SECONDS)
    return closed.value.rcvd.code if closed.value.rcvd else None


def test_a_bomb_is_refused_before_it_is_inflated(tmp_path: Path) -> None:
    bomb = squeezed_zeros(BOMB_BYTES)
    assert len(bomb) < MESSAGE_BYTES
    with listening(tmp_path) as (application, connection):
        tracemalloc.start()
        try:
            connection.socket.sendall(bomb)
            code = close_code(connection)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert (code, application.sizes) == (TOO_BIG, [])
    assert peak < FLAT_BYTES


def test_many_small_bombs_inflate_to_no_more_than_one_message(tmp_path: Path) -> None:
    with listening(tmp_path) as (application, connection):
        connection.socket.sendall(squeezed_zeros(60_000) * 25)
        assert close_code(connection) == TOO_BIG
    assert sum(application.sizes) <= MESSAGE_BYTES


def test_usual_requests_may_be_compressed_as_often_as_one_likes(tmp_path: Path) -> None:
    symbols = [f"SYM{number:03}" for number in range(1_000)]
    request = json.dumps({"id": 1, "method": "subscribe", "params": {"channel": "quotes", "symbols": symbols}})
    with listening(tmp_path) as (application, connection):
        for _ in range(50):
            connection.send(request)
        wait_for(lambda: application.sizes == [len(request)] * 50, SECONDS, "all requests")
