"""The envelope lets through what was sealed, and nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.wire.envelope import SIZE, Envelope, Kind, check, seal
from bridge.wire.faults import Reason, WireError
from bridge.wire.limits import INT64_MAX, MAX_PAYLOAD

payloads = st.binary(max_size=200)
numbers = st.integers(0, INT64_MAX)


@given(st.sampled_from(Kind), payloads, numbers, numbers)
def test_what_was_sealed_is_found_true(kind, payload, epoch, seq):
    assert check(seal(kind, payload, epoch=epoch, seq=seq), payload) == Envelope(kind, epoch, seq)


def test_an_envelope_is_32_bytes():
    assert len(seal(Kind.MESSAGE, b"")) == SIZE == 32


@given(payloads, st.integers(0, 8 * SIZE - 1))
def test_a_flipped_bit_of_the_envelope_is_noticed_or_changes_only_what_the_envelope_itself_says(payload, bit):
    header = seal(Kind.MESSAGE, payload, epoch=3, seq=5)
    changed = (int.from_bytes(header, "little") ^ 1 << bit).to_bytes(SIZE, "little")
    try:
        assert check(changed, payload) != Envelope(Kind.MESSAGE, 3, 5)
    except WireError as fault:
        assert fault.reason in set(Reason)


@given(st.binary(min_size=1, max_size=200), st.data())
def test_a_flipped_bit_of_the_payload_is_always_noticed(payload, data):
    bit = data.draw(st.integers(0, 8 * len(payload) - 1))
    changed = (int.from_bytes(payload, "little") ^ 1 << bit).to_bytes(len(payload), "little")
    with pytest.raises(WireError, match="CHECKSUM"):
        check(seal(Kind.MESSAGE, payload), changed)


@given(st.binary(max_size=64), payloads)
def test_random_bytes_are_refused(header, payload):
    with pytest.raises(WireError):
        check(header, payload)


def test_four_mebibytes_pass_and_a_byte_more_does_not():
    largest = bytes(MAX_PAYLOAD)
    assert check(seal(Kind.DEPTH, largest), largest).kind is Kind.DEPTH
    with pytest.raises(WireError, match="TOO_LARGE"):
        seal(Kind.DEPTH, largest + b"\0")
    with pytest.raises(WireError, match="TOO_LARGE"):
        check(seal(Kind.DEPTH, largest), largest + b"\0")


@pytest.mark.parametrize("numbers", [{"epoch": -1}, {"seq": -1}, {"epoch": INT64_MAX + 1}, {"seq": INT64_MAX + 1}])
def test_numbers_beyond_63_bits_are_not_sealed(numbers):
    with pytest.raises(WireError, match="NUMBERING"):
        seal(Kind.QUOTES, b"", **numbers)
