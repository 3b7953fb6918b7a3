"""Published messages that must not be believed: valid ones that were damaged, by seed, in every way we could think of.

Each is `[topic, envelope, payload]` or what is left of it. None of them can be told from the outside to be of the
present place in the stream but by what is wrong with it: where an envelope was sealed anew, it carries the next number.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Container, Iterator
from random import Random

import msgspec

from bridge.wire.codec import encode_numbered
from bridge.wire.envelope import LAYOUT, Kind, seal
from bridge.wire.limits import MAX_PAYLOAD
from bridge.wire.market import Depth, Quote, Trade, encode_depth, encode_quotes, encode_trades
from bridge.wire.messages import TopicHeartbeat

TOPIC = b"md.0"
ROWS = 24  #: where the rows of a batch begin
NUMBERS_AT = range(8, 24)  #: epoch and seq in an envelope, which no checksum covers
ROW_SIZES = {Kind.QUOTES: 72, Kind.TRADES: 40, Kind.DEPTH: 32}
GIANT_SHARE = 0.002
Frames = list[bytes]


def noise(random: Random) -> Frames:
    sizes = [random.randint(0, 99) for _ in range(random.randint(0, 4))]
    return [*map(random.randbytes, sizes)]


def cut(random: Random, frames: Frames) -> Frames:
    """One of them ends too soon."""
    where = random.randrange(len(frames))
    shorter = frames[where][: random.randrange(len(frames[where]))]
    return [*frames[:where], shorter, *frames[where + 1 :]]


def flipped(random: Random, frames: Frames, spared: Container[int] = ()) -> Frames:
    """One bit is another, anywhere but in the bytes of the first frame that are spared."""
    where = random.randrange(len(frames))
    places = [at for at in range(len(frames[where])) if where or at not in spared]
    changed = bytearray(frames[where])
    changed[random.choice(places)] ^= 1 << random.randrange(8)
    return [*frames[:where], bytes(changed), *frames[where + 1 :]]


def past_of(epoch: int) -> list[Frames]:
    """What was taken before, said again: batches and a heartbeat. At least three batches must have been."""
    payload = encode_quotes([Quote(1, 1, 66_666, 1, 77_777, 1, 66_666, 1, 1)])
    batches = [[TOPIC, seal(Kind.QUOTES, payload, epoch=epoch, seq=seq), payload] for seq in (1, 2, 3)]
    return [*batches, [TOPIC, *encode_numbered(TopicHeartbeat(sent_at_us=1), epoch, 3)]]


class Mutator:
    """Damages messages of epoch `epoch` that would be number `seq`; `past` are messages that were taken before."""

    def __init__(self, seed: int, epoch: int, seq: int, past: list[Frames]) -> None:
        self._random = Random(seed)
        self.epoch, self.seq, self._past = epoch, seq, past

    def messages(self, count: int, giant_share: float = GIANT_SHARE) -> Iterator[Frames]:
        ways: list[Callable[[], Frames]] = [
            self.noise,
            self.cut,
            self.flipped,
            self.miscounted,
            self.replayed,
            self.from_the_past,
            self.led_astray,
            self.out_of_range,
            self.unnumbered,
            self.bad_messagepack,
            self.of_another_topic,
        ]
        for _ in range(count):
            way = self.giant if self._random.random() < giant_share else self._random.choice(ways)
            yield way()

    # Ways ---------------------------------------------------------------------------------------------------------
    def noise(self) -> Frames:
        return [TOPIC, *noise(self._random)]

    def cut(self) -> Frames:
        return [TOPIC, *cut(self._random, self._valid()[1:])]

    def flipped(self) -> Frames:
        return [TOPIC, *flipped(self._random, self._valid()[1:], spared=NUMBERS_AT)]

    def miscounted(self) -> Frames:
        frames = self._valid()
        return self._random.choice([frames[:1], frames[:2], [*frames, b""], [*frames, *frames]])

    def replayed(self) -> Frames:
        return self._random.choice(self._past)

    def from_the_past(self) -> Frames:
        """Whole, but of an earlier life of the engine."""
        kind, payload = self._batch()
        return [TOPIC, seal(kind, payload, epoch=self.epoch - self._random.randint(1, 9), seq=self.seq), payload]

    def led_astray(self) -> Frames:
        """Sealed, but an offset or a count leads out of the buffer, or bytes are left over."""
        kind, payload = self._batch()
        changed = bytearray(payload)
        far = self._random.randint(len(payload), 2**32 - 1)
        way = self._random.randrange(4)
        if way == 0:
            struct.pack_into("<I", changed, self._random.choice((0, 16, 20)), far)
        elif way == 1:
            struct.pack_into("<i", changed, 12, -len(payload) - self._random.randint(0, 2**20))
        elif way == 2:
            changed += self._random.randbytes(self._random.randint(1, 31))
        else:
            struct.pack_into("<I", changed, 20, struct.unpack_from("<I", changed, 20)[0] + self._random.randint(1, 9))
        return self._sealed(kind, bytes(changed))

    def out_of_range(self) -> Frames:
        """Sealed and well-formed, but a value that cannot be: negative, no instrument, no such side, no price."""
        kind, payload = self._batch()
        changed, row = bytearray(payload), ROWS + ROW_SIZES[kind] * self._random.randrange(self._count(payload))
        way = self._random.randrange(3)
        if way == 0:
            struct.pack_into("<I", changed, row, 0)
        elif way == 1 or kind is Kind.QUOTES:
            column = self._random.randrange(8, ROW_SIZES[kind], 8)
            struct.pack_into("<q", changed, row + column, -self._random.randint(1, 2**62))
        else:
            changed[row + 4] = self._random.randint(3, 255)
        return self._sealed(kind, bytes(changed))

    def unnumbered(self) -> Frames:
        kind, payload = self._batch()
        epoch, seq = self._random.choice([(0, 0), (self.epoch, 0), (0, self.seq)])
        return [TOPIC, seal(kind, payload, epoch=epoch, seq=seq), payload]

    def bad_messagepack(self) -> Frames:
        """Sealed, but no heartbeat: other fields, other types, keys twice, bytes left over, nested without end."""
        pack = msgspec.msgpack.encode
        whole = pack({"type": "TopicHeartbeat", "sentAtUs": 1})
        payload = self._random.choice(
            [
                self._random.randbytes(self._random.randint(1, 60)),
                whole[: self._random.randrange(1, len(whole))],
                whole + b"\xc0",
                pack({"type": "TopicHeartbeat", "sentAtUs": -1}),
                pack({"type": "TopicHeartbeat", "sentAtUs": float("nan")}),
                pack({"type": "TopicHeartbeat", "sentAtUs": 1, "more": 2}),
                pack({"type": "TopicHeartbeat"}),
                pack({"type": "NewOrder", "sentAtUs": 1}),
                b"\x83" + whole[1:] + pack("sentAtUs") + pack(2),
                b"\x91" * 100_000,
            ]
        )
        return self._sealed(Kind.MESSAGE, payload)

    def of_another_topic(self) -> Frames:
        """Its name begins like ours, so that libzmq lets it through."""
        return [TOPIC + self._random.choice([b"1", b"\0", b".0"]), *self._valid()[1:]]

    def giant(self) -> Frames:
        """Larger than a payload may be, and still within what libzmq takes."""
        payload = bytes(MAX_PAYLOAD + self._random.randint(1, 60_000))
        header = LAYOUT.pack(b"TMW1", 1, Kind.QUOTES, 0, self.epoch, self.seq, len(payload), 0)
        return [TOPIC, header, payload]

    # Valid ones ---------------------------------------------------------------------------------------------------
    def _valid(self) -> Frames:
        if self._random.random() < 0.2:
            return [TOPIC, *encode_numbered(TopicHeartbeat(sent_at_us=2**62), self.epoch, self.seq)]
        return self._sealed(*self._batch())

    def _sealed(self, kind: Kind, payload: bytes) -> Frames:
        return [TOPIC, seal(kind, payload, epoch=self.epoch, seq=self.seq), payload]

    def _batch(self) -> tuple[Kind, bytes]:
        """Prices that no test shows anybody: whoever sees one has believed it."""
        count, value = self._random.randint(1, 20), self._random.randint(1, 2**62)
        kind = self._random.choice(list(ROW_SIZES))
        if kind is Kind.QUOTES:
            return kind, encode_quotes([Quote(1, 1, value, 1, value, 1, value, 1, 1)] * count)
        if kind is Kind.TRADES:
            return kind, encode_trades([Trade(1, 1, 1, 1, value, 1)] * count)
        return kind, encode_depth([Depth(1, 1, True, 1, value, 1)] * count)

    @staticmethod
    def _count(payload: bytes) -> int:
        return int(struct.unpack_from("<I", payload, 20)[0])
