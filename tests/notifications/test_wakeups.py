"""The wake-up says how far streams have come, in a shape that every layer carries."""

from __future__ import annotations

from types import MappingProxyType

import msgspec

from notifications.wakeups import advanced


def test_a_wake_up_survives_the_way_through_a_layer() -> None:
    message = advanced(MappingProxyType({"user:1": 912}))
    assert message == {"type": "streams.advanced", "numbers": {"user:1": 912}}
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(message)) == message
