"""What does Server-Timing tell of an order call?"""

from __future__ import annotations

from orders.requests import Timing
from orders.timing import parts, server_timing


def test_each_part_is_the_time_between_two_places() -> None:
    timing = Timing(received_us=1_000, arrived_us=3_000, decided_us=3_500, committed_us=5_000)
    assert dict(parts(timing, 9_000)) == {"web": 2_000, "queue": 500, "commit": 1_500, "back": 4_000, "order": 8_000}


def test_what_is_not_known_is_left_out() -> None:
    assert dict(parts(Timing(), 9_000)) == {}
    assert dict(parts(Timing(received_us=1_000), 9_000)) == {"order": 8_000}


def test_the_header_is_in_milliseconds_and_never_negative() -> None:
    header = server_timing(Timing(received_us=2_000, arrived_us=1_000, decided_us=1_500, committed_us=2_250))
    assert header.startswith("web;dur=0.00, queue;dur=0.50, commit;dur=0.75, back;dur=")
