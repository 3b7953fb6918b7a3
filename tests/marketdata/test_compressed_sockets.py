"""Do compressed sockets read what plain ones read, in fewer bytes, and only where that is wanted?"""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory

from marketdata.hub.pushes import FORMATS, JSON
from marketdata.raw_frames import FramesProtocol
from tests.frames_fit import FittingConnection
from tests.marketdata.lab import Client, Lab, Web
from tests.marketdata.scripted import listing, quote
from tests.stack import Stack
from tradingmw.env import Env
from tradingmw.server import SocketProtocol

SYMBOLS = [f"SYM{number:03}" for number in range(1, 21)]
ROUNDS = 40
SHARES = {"json": 0.5, "msgpack": 0.7}  #: of the bytes of a plain socket, at most: some are catch-up, which is plain
AS_MANY = 0.8  #: of them, where nothing is compressed
Numbered = dict[tuple[str, int], tuple[str, str]]
AGREED = "permessage-deflate; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=12"


class Compressing(FramesProtocol):
    compresses = True


class Counting(FittingConnection):
    """A client that counts what comes through the wire."""

    taken_bytes = 0

    def data_received(self, data: bytes) -> None:
        self.taken_bytes += len(data)
        super().data_received(data)


def extension(connection: ClientConnection) -> str | None:
    """What was agreed on."""
    assert connection.response
    return connection.response.headers.get("Sec-WebSocket-Extensions")


@contextlib.asynccontextmanager
async def follower(web: Web, wire: str, **options: Any) -> AsyncIterator[tuple[Client, Counting]]:
    """One who has its snapshots."""
    async with web.client(wire, create_connection=Counting, **options) as client:
        await client.follow("quotes", *SYMBOLS)
        await client.until(lambda items: len(items) >= len(SYMBOLS), "quotes")
        assert isinstance(client.connection, Counting)
        client.connection.taken_bytes = 0
        yield client, client.connection


async def all_said(client: Client) -> Numbered:
    """The prices at each number, up to the last."""
    newest = dict.fromkeys(SYMBOLS, ROUNDS)
    items = await client.until(lambda items: {item["symbol"]: item["seq"] for item in items} == newest, "quotes")
    return {(item["symbol"], item["seq"]): (item["bid"], item["ask"]) for item in items if item["seq"]}


def alike(one: Numbered, other: Numbered) -> bool:
    """A machine that stalls lets a socket miss numbers, but whatever both have seen is the same."""
    return all(one[number] == other[number] for number in one.keys() & other.keys())


def say(lab: Lab) -> Callable[[], None]:
    engine = lab.engine(*(listing(number, symbol) for number, symbol in enumerate(SYMBOLS, 1)))
    lab.feed()

    def rounds() -> None:
        for turn in range(ROUNDS):
            quotes = [quote(100 + turn, 200 + turn, number) for number, _ in enumerate(SYMBOLS, 1)]
            engine.quotes(*quotes)

    return rounds


@pytest.mark.parametrize("raw", [True, False], ids=["frames", "asgi"])
async def test_compressed_and_plain_sockets_read_the_same_in_fewer_bytes(lab: Lab, raw: bool) -> None:
    speak = say(lab)
    async with lab.web(raw=raw, ws=Compressing) as web, contextlib.AsyncExitStack() as stack:
        await web.ready()
        offered: dict[str, Any] = {
            f"{wire} {way}": await stack.enter_async_context(follower(web, wire, compression=way))
            for wire in FORMATS
            for way in ("deflate", None)
        }
        assert extension(offered["json deflate"][1]) == f"{AGREED}; client_max_window_bits=12"
        assert extension(offered["json None"][1]) is None
        speak()
        read = {name: await all_said(client) for name, (client, _) in offered.items()}
        taken = {name: connection.taken_bytes for name, (_, connection) in offered.items()}
    assert all(alike(seen, read["json None"]) for seen in read.values())
    assert all(taken[f"{wire} deflate"] < taken[f"{wire} None"] * share for wire, share in SHARES.items()), taken


async def test_a_client_that_wants_a_smaller_window_is_sent_the_shared_frames_plain(lab: Lab) -> None:
    speak = say(lab)
    small = ClientPerMessageDeflateFactory(server_max_window_bits=9)
    async with lab.web(ws=Compressing) as web:
        await web.ready()
        async with (
            follower(web, JSON, compression=None, extensions=[small]) as (modest, taking),
            follower(web, JSON, compression=None) as (plain, taking_plain),
        ):
            assert "server_max_window_bits=9" in (extension(taking) or "")
            speak()
            assert alike(await all_said(modest), await all_said(plain))
            assert taking.taken_bytes > taking_plain.taken_bytes * AS_MANY


async def test_nothing_is_compressed_unless_it_is_wanted(lab: Lab) -> None:
    speak = say(lab)
    async with lab.web() as web:
        await web.ready()
        async with (
            follower(web, JSON, compression="deflate") as (offering, taking),
            follower(web, JSON, compression=None) as (plain, taking_plain),
        ):
            assert extension(taking) is None
            speak()
            assert alike(await all_said(offering), await all_said(plain))
            assert taking.taken_bytes > taking_plain.taken_bytes * AS_MANY


def test_compression_is_off_by_default_and_on_where_it_is_set(tmp_path: Path) -> None:
    assert not SocketProtocol.of(Env(_env_file=None, data_dir=tmp_path)).compresses
    assert SocketProtocol.of(Env(_env_file=None, data_dir=tmp_path, socket_compression=True)).compresses


@pytest.mark.long
async def test_the_whole_product_speaks_compressed_where_it_is_set(make_stack: Callable[..., Stack]) -> None:
    stack = make_stack(seed=1, symbols=20, rate=200, environment={"TMW_SOCKET_COMPRESSION": "true"})
    for address in ("/ws/v1/market", "/ws/v1/trading"):
        async with stack.ws(address, "trader1") as connection:
            assert (extension(connection) or "").startswith(AGREED)
            client = Client(connection)
            await connection.send(json.dumps({"id": 1, "method": "ping"}))
            assert client.read(await connection.recv())
            if address == "/ws/v1/market":
                subscribe = {"channel": "quotes", "symbols": SYMBOLS}
                await connection.send(json.dumps({"id": 2, "method": "subscribe", "params": subscribe}))
                while "status" not in client.read(await connection.recv()):
                    pass
                await client.until(lambda items: len(items) >= 100, "quotes")
