"""How are rows named so that those written together lie together in every index?

A random UUID puts each row on a page of its own, and each of these pages into the transaction that has to reach the
disk. These begin with the time: versions 7 and 8 of RFC 9562. Nobody can guess one, as nobody needs to: foreign ids
are not found anyway.
"""

from __future__ import annotations

import secrets
from hashlib import blake2b
from uuid import UUID

RANDOM_BITS = 74  #: all but the time, the version and the variant


def new_id(at_us: int) -> UUID:
    """Another one with each call; the time to the millisecond, the rest random."""
    return _timed(at_us, 7, secrets.randbits(RANDOM_BITS))


def derived_id(at_us: int, name: str) -> UUID:
    """The same whenever it is asked for the same."""
    digest = blake2b(name.encode(), digest_size=10).digest()
    return _timed(at_us, 8, int.from_bytes(digest) & ((1 << RANDOM_BITS) - 1))


def _timed(at_us: int, version: int, rest: int) -> UUID:
    high, low = divmod(rest, 1 << 62)
    millisecond = at_us // 1_000 & 0xFFFF_FFFF_FFFF
    return UUID(int=millisecond << 80 | version << 76 | high << 64 | 0b10 << 62 | low)
