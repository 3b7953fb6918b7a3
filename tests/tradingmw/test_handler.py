"""Do views share a few threads that keep their connections, and does a request keep to one of them?"""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from django.db import connection

from tests.served import served
from tradingmw.asgi import application
from tradingmw.handler import THREADS, OneWorker, Worker, with_fresh_connections


@pytest.fixture
def workers() -> list[Worker]:
    return [Worker(number) for number in range(3)]


def test_a_request_keeps_to_one_thread(workers: list[Worker]) -> None:
    mine = OneWorker(workers)
    assert len({mine.submit(threading.get_ident).result() for _ in range(20)}) == 1


def test_a_request_takes_the_thread_with_the_least_to_do(workers: list[Worker]) -> None:
    gate = threading.Event()
    for _ in range(2):
        OneWorker(workers).submit(gate.wait)
    free = OneWorker(workers).submit(threading.get_ident)
    assert free.result(timeout=10)
    assert [worker.waiting for worker in workers[:2]] == [1, 1]
    gate.set()


def test_what_a_view_raises_reaches_the_one_who_asked(workers: list[Worker]) -> None:
    with pytest.raises(ZeroDivisionError):
        OneWorker(workers).submit(lambda: 1 / 0).result(timeout=10)


@pytest.mark.django_db(transaction=True)
def test_a_connection_that_is_unusable_is_not_used_again() -> None:
    def broken() -> None:
        connection.ensure_connection()
        connection.errors_occurred = True
        connection.is_usable = lambda: False

    with_fresh_connections(broken)
    assert connection.connection is None


@pytest.mark.django_db
def test_many_requests_at_once_use_no_more_threads_than_there_are() -> None:
    with served(application) as address, ThreadPoolExecutor(max_workers=20) as clients:
        before = {thread for thread in threading.enumerate() if thread.name.startswith("view-")}
        pages = clients.map(lambda _: httpx.get(f"http://{address}/", timeout=20), range(100))
        assert {page.status_code for page in pages} == {200}
        after = {thread for thread in threading.enumerate() if thread.name.startswith("view-")}
    assert len(before | after) <= len(before) + THREADS
    assert len({thread.name for thread in after}) > 1
