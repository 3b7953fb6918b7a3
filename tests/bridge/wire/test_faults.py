"""A fault of the wire is counted by its reason and read by people: in one bounded line."""

from bridge.wire.faults import TEXT_LIMIT, Reason, WireError


def test_a_fault_tells_its_reason_and_its_text():
    fault = WireError(Reason.LENGTH, "31 bytes")
    assert (fault.reason, str(fault)) == (Reason.LENGTH, "LENGTH: 31 bytes")


def test_what_the_peer_sent_cannot_break_a_log_line():
    assert str(WireError(Reason.SCHEMA, "a\nb\x1b[31m")) == "SCHEMA: a?b?[31m"


def test_what_the_peer_sent_cannot_flood_the_log():
    assert len(str(WireError(Reason.SCHEMA, "x" * 4_000_000))) == len("SCHEMA: ") + TEXT_LIMIT
