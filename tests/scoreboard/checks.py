"""Which forty checks does the scoreboard hold, and what of each is not proven yet?

A check passes when every test that measures it passes and `missing` is empty. `missing` is written by hand and says
what no test shows so far: without it a part of a check would look like the whole.
"""

from __future__ import annotations

from typing import Final, NamedTuple


class Check(NamedTuple):
    """One row of the page."""

    fault: str  #: what is done to the system
    limit: str  #: what must hold
    missing: str = ""  #: what of it no test shows yet; empty: nothing
    long: bool = False  #: its limits are held with --long only; otherwise other tests share the machine


PATH: Final = {
    1: Check(
        "A part is killed at a random moment of a burst of 1,000 orders",
        "0 acknowledged orders lost; 0 orders twice at the engine; all settled within 5 s of the restart",
        long=True,
    ),
    2: Check(
        "A crash at each of twelve named points between accepting an order and the engine's answer",
        "as check 1 at every point; no 2xx without a durable row",
        long=True,
    ),
    3: Check(
        "The engine dies with 200 open orders and returns 10 s later in a new epoch",
        "noticed within 3 s; new orders 503, not queued; screens have the new state 3 s after its return; 0 "
        "hidden gaps; 0 stale commands",
    ),
    4: Check(
        "Acknowledgements of 500 orders are lost, late by 10 s, tripled or reordered",
        "unknown at the deadline, settled by a question within 5 s; 0 sent again without a negative answer; "
        "both sides agree",
        long=True,
    ),
    5: Check(
        "10,000 sequences of reports: doubled, reordered, early, late, too many, busted, corrected, of unknown orders",
        "filled = sum of the live fills; each repeat ignored and counted; the impossible set aside with an alarm",
        long=True,
    ),
    6: Check(
        "Holes of 1, 100 and 20,000 in the reports; a hole within a replay; numbers that go back",
        "nothing applied past the hole; replay asked within 200 ms; snapshot beyond 10,000; the same state in the end",
    ),
    7: Check(
        "50 equal orders at once under one clientOrderId; then the same id with another body",
        "1 order and 50 equal answers; 409 for the other body; also over two web processes and after a restart",
    ),
    8: Check(
        "10,000 open orders of which 5 % differ from the engine's",
        "every difference found, 0 false repairs, within 10 s; new orders wait for the end, cancels do not",
    ),
    9: Check(
        "10,000 seeds of simulated drops, delays, repeats, crashes and clock jumps over the order core",
        "0 broken rules; a failing seed fails again; 200 seeds a second on a core",
        long=True,
    ),
    10: Check(
        "1,000 interleavings of cancels and replacements with fills",
        "no fill lost; no order comes back to life; quantities as the engine says",
    ),
    11: Check(
        "A trader's socket dies with cancel-on-disconnect on, off, after a logout, or returns within the grace",
        "on: all orders of the session cancelled within 6 s; otherwise 0 cancels",
    ),
    12: Check(
        "The order bridge stands still for 20 s",
        "the engine's dead-man fires at 15 s; 0 commands of the old session are taken afterwards",
        long=True,
    ),
    13: Check(
        "The kill switch with 1,000 open orders and 200 more a second",
        "closed within 100 ms, the mass cancel sent within 1 s, what is not confirmed is listed; also without Redis",
    ),
    14: Check(
        "A runaway that sends 50 times too much; every limit, and 32 orders at once at its edge",
        "stopped within 1 s; each breach has a code and an audit row; no limit is ever exceeded",
    ),
    15: Check(
        "The engine's link is open and silent; the feed's half open",
        "noticed within 3 s; subscribed again with a snapshot within 3 s of its return",
    ),
}
FAULTS: Final = {
    16: Check(
        "Redis is stopped, or stands still, for 30 s under 50 sockets and orders",
        "0 sockets closed; 99 % of orders accepted, p99 at most doubled; private events complete within 2 s "
        "of the return; /readyz says so within 5 s; revoked sessions stay revoked",
        long=True,
    ),
    17: Check(
        "Redis loses everything; a Sentinel failover loses writes that were acknowledged",
        "0 orders, revocations or audit rows lost; whole again within 5 s",
    ),
    18: Check(
        "One socket of 100 stops reading at 5,000 updates a second",
        "its queue at most 1 MiB; merged, or closed with 4008 within 10 s; the others' p99 at most 20 % "
        "worse; memory at most 20 MiB more; 0 private events lost after it resumes",
        long=True,
    ),
    19: Check(
        "A client floods: 10,000 messages a second, 10 MB frames, fragments of a byte, pings, slow "
        "handshakes, subscriptions",
        "closed with 1009, 4008, 4013 or 1008; the others' p99 at most 20 % worse; memory at most 20 MiB "
        "more; slow handshakes end within 5 s; the cap of sockets holds",
        long=True,
    ),
    20: Check(
        "10,000 cycles of connecting, subscribing and leaving: clean, aborted, half a handshake",
        "memory grows at most 5 MiB after the 2,000th; tasks, groups, connections and file descriptors are "
        "back where they were",
        long=True,
    ),
    21: Check(
        "10,000 malformed ZeroMQ messages",
        "0 crashes; 0 accepted; each counted by its reason; good traffic at most 20 % slower",
        long=True,
    ),
    22: Check(
        "The database is away, locked, full, or chooses us as the victim of a deadlock",
        "no 2xx without a durable row; at most three tries, then 503 with Retry-After, or 504 for a commit that was "
        "under way; back by itself within 5 s; without audit no action",
        long=True,
    ),
    23: Check(
        "8 processes change 200 orders each on one SQLite file",
        "0 answers that it is locked; 0 updates lost",
    ),
    24: Check(
        "A worker dies within a task, a task comes three times, the broker restarts, two beats run",
        "each effect exactly once; the backlog moves within 60 s; one firing a slot; a dead worker noticed "
        "within 2 min",
        long=True,
    ),
    25: Check(
        "Two web processes restart in turn under 200 sockets",
        "0 answers 5xx; sockets are told with 4001 and all back within 10 s, spread out; 0 private events lost",
    ),
    26: Check(
        "Clocks step by 5 s, change to summer time, differ by 100 ms",
        "order of events unchanged; no lifetime wrong by more than the step; health warns at 25 ms and fails at 50 ms",
    ),
    27: Check(
        "A backup under load is restored on an empty machine",
        "0 committed orders missing; whole within 5 min for a million order events; the audit chain verifies",
    ),
    28: Check(
        "Two hours of load with a random fault each minute",
        "memory grows at most 1 MiB an hour; 0 exceptions nobody handled; 0 hidden gaps",
    ),
}
SECURITY: Final = {
    29: Check(
        "A stolen refresh token is used first, or twenty times at once",
        "the family is revoked within 1 s and its sockets close within 2 s; at most one successor",
    ),
    30: Check(
        "Every endpoint and method with every kind of wrong credential",
        "0 accepted; a logout, a changed role and a deactivated user count within 5 s on REST and sockets",
        long=True,
    ),
    31: Check(
        "Every endpoint and topic with another user's ids; every role with every function",
        "0 leaks; 404 for foreign ids; the matrix is what happens",
    ),
    32: Check(
        "Second factors: codes again, guessed, in parallel, recovery codes twice, foreign origins, counters "
        "that go back",
        "0 accepted; locked after 10 guesses; codes hashed, seeds encrypted",
    ),
    33: Check(
        "Passwords guessed: 1,000 on one user, one on 1,000 users, with forged addresses, over 4 processes",
        "at most 10 attempts an account and 15 min, counted exactly; equal answer times; an alert within 5 s",
    ),
    34: Check(
        "Sockets with a missing, foreign or null Origin, used or late tickets, tokens in the URL",
        "all refused before they open; 0 secrets in any log",
    ),
    35: Check(
        "Audit rows altered, deleted, swapped, cut off or chained anew among 100,000",
        "the verification names the first bad row and what is wrong, in all six cases; 0 false alarms; 50,000"
        " rows a second",
    ),
    36: Check(
        "Critical commands unsigned, badly signed, replayed, old, changed by a byte, by a revoked key",
        "0 accepted, each audited; the accepted verify offline",
    ),
    37: Check(
        "ZeroMQ peers without a key, with an unknown one, of the wrong role, with a revoked one; keys changed"
        " under load",
        "0 messages of refused peers delivered; 0 orders lost by the change; no start without CURVE in production",
    ),
    38: Check(
        "Generated requests over the whole OpenAPI document; scanners on logins and lists",
        "0 answers 5xx; 0 undocumented; 0 injections; every route is in the document",
    ),
    39: Check(
        "Fifteen settings that are wrong for production; headers on every answer",
        "the start is refused and names each; the crawler finds every header; Django's deployment check is silent",
        "fifteen settings: four so far; headers; TLS",
    ),
    40: Check(
        "Packages altered or without a hash; secrets in the repository; personal data in the tables; keys "
        "changed half-way",
        "not installed; 0 secrets; 0 readable; the change of keys goes on where it stopped",
    ),
}
PARTS: Final = {"The order's path": PATH, "Faults around it": FAULTS, "Security": SECURITY}
CHECKS: Final = PATH | FAULTS | SECURITY

NOT_PROVEN_HERE: Final = {
    "SQL Server": "its locks, isolation, collation and types; what is proven is that every migration and query compiles"
    " for it (`tests/house/test_sqlserver.py`); there is no acceptance script yet",
    "Windows": "the processes' start and end, its event loop, services; the code avoids what Windows lacks "
    "(`docs/development.md`); the acceptance is a run of `python dev.py test` there",
}
