"""Is a profile read for what it says?"""

from __future__ import annotations

from bench.sampling import perf_shares, py_spy_shares

PERF = """
# Children      Self  Symbol
# ........  ........  ......
#
    95.10%     0.00%  [.] _PyEval_EvalFrameDefault
    61.50%     1.50%  [k] __x64_sys_sendto
    40.00%    38.50%  [k] tcp_sendmsg
    10.00%    10.00%  [.] list_append
"""


def test_what_was_called_from_send_counts_as_send() -> None:
    shares = perf_shares(PERF)
    assert shares
    assert (round(shares.send, 3), round(shares.kernel or 0, 3)) == (0.615, 0.4)
    assert shares.hottest[0] == ("tcp_sendmsg", 0.385)


def test_a_call_into_c_counts_for_the_line_that_made_it() -> None:
    raw = "main;run (asyncio/events.py:80);write (asyncio/selector_events.py:1080) 30\nmain;flush (hub.py:9) 10\n"
    shares = py_spy_shares(raw)
    assert shares
    assert (shares.send, shares.kernel) == (0.75, None)


def test_an_empty_profile_says_nothing() -> None:
    assert perf_shares("# no samples\n") is None
    assert py_spy_shares("") is None
