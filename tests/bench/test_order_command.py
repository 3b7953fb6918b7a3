"""Does each bar of the order bench judge a run that is made, and does a rate go over sockets only?"""

from __future__ import annotations

from bench.order_command import BARS, flows
from bench.order_load import SOCKET

RUNS = flows([1, 32], [200])


def test_every_bar_judges_runs_that_are_made() -> None:
    for bar in BARS:
        assert bar.ours in RUNS
        assert bar.peer in {"", *RUNS}


def test_orders_are_due_at_a_rate_over_sockets_only() -> None:
    paced = {key: taker.key for key, (taker, flow) in RUNS.items() if flow.per_second}
    assert paced == {f"{SOCKET}/200/s": SOCKET}


def test_a_run_of_clients_waits_for_answers() -> None:
    assert all(flow.per_second == 0 and flow.clients in (1, 32) for key, (_, flow) in RUNS.items() if "/s" not in key)
