"""Do passwords that are hashed at once leave memory and threads for everything else?"""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.contrib.auth.hashers import make_password

from accounts.hashing import AT_ONCE, WAITING, BoundedArgon2, HashingPlaces
from tests.stack import wait_for
from tradingmw.errors import Code, Unavailable
from tradingmw.handler import THREADS


def test_half_of_the_threads_are_always_left_for_others() -> None:
    assert AT_ONCE + WAITING <= THREADS // 2


def test_two_hash_two_wait_and_others_are_sent_away() -> None:
    places, hashing, leave = HashingPlaces(), threading.Semaphore(0), threading.Event()

    def hash_one() -> None:
        with places.place():
            hashing.release()
            leave.wait(30)

    with ThreadPoolExecutor(AT_ONCE + WAITING) as pool:
        done = [pool.submit(hash_one) for _ in range(AT_ONCE + WAITING)]
        for _ in range(AT_ONCE):
            assert hashing.acquire(timeout=30)
        wait_for(lambda: is_full(places), 30, "all places taken")
        assert not hashing.acquire(blocking=False)
        with pytest.raises(Unavailable), places.place():
            pass
        leave.set()
        for one in done:
            one.result(30)
    assert not is_full(places)


def is_full(places: HashingPlaces) -> bool:
    """Whether one more is sent away."""
    try:
        places.need_room()
    except Unavailable as busy:
        assert busy.code is Code.LOGIN_BUSY
        return True
    return False


def test_a_place_is_given_back_after_a_fault() -> None:
    places = HashingPlaces(at_once=1, waiting=0)
    for _ in range(3):
        with pytest.raises(ZeroDivisionError), places.place():
            raise ZeroDivisionError
    assert not is_full(places)


def test_hashes_are_argon2id_as_before() -> None:
    encoded = make_password("correct horse battery", hasher=BoundedArgon2())
    assert encoded.startswith("argon2$argon2id$")
    assert BoundedArgon2().verify("correct horse battery", encoded)
    assert not BoundedArgon2().verify("another", encoded)
