"""Is a frame made once for all sockets that it goes to?"""

from __future__ import annotations

import json
import zlib

from marketdata.deflate import TAIL, WINDOW_BITS
from marketdata.hub.pushes import JSON
from marketdata.hub.subscriber import Subscriber
from marketdata.items import Channel
from marketdata.raw_frames import COMPRESSED, TEXT_OPCODE, payloads
from tests.marketdata.hub.model import SYMBOLS, Socket, World
from tests.marketdata.scripted import quote


class Keeping(Socket):
    """Takes deflated frames, and keeps what is written."""

    deflates = True

    def __init__(self) -> None:
        super().__init__()
        self.written: list[bytes] = []

    def write(self, frames: bytes) -> None:
        self.written.append(frames)


def keeping(world: World, *symbols: str) -> Keeping:
    follower = Keeping()
    subscriber = Subscriber(follower, JSON)
    world.hub.join(subscriber)
    world.follow(follower, subscriber, Channel.QUOTES, *symbols)
    return follower


def test_a_frame_is_deflated_once_for_all_whom_it_goes_to() -> None:
    world = World()
    followers = [keeping(world, *symbols) for symbols in (SYMBOLS[:2], SYMBOLS[:2], SYMBOLS)]
    plain = world.follower(Channel.QUOTES, *SYMBOLS[:2])
    world.turns.turns()
    world.market.on_quotes([quote(10, 11, 1), quote(20, 21, 2)])
    world.said()
    first, second, third = (follower.written[-1] for follower in followers)
    assert first is second is third
    assert first[0] == TEXT_OPCODE | COMPRESSED
    (payload,) = payloads(first)
    read = json.loads(zlib.decompressobj(-WINDOW_BITS).decompress(payload + TAIL))
    assert read["data"] == [{name: item[name] for name in item if name != "type"} for item in plain.items[-2:]]


def test_a_compressed_group_is_left_as_any_other() -> None:
    world = World()
    follower = keeping(world, *SYMBOLS)
    world.turns.turns()
    assert len([*world.hub.groups]) == 1
    (subscriber,) = world.hub.subscribers
    world.hub.leave(subscriber)
    assert not [*world.hub.groups]
    written = len(follower.written)
    world.market.on_quotes([quote(10, 11, 1)])
    world.said()
    assert len(follower.written) == written
