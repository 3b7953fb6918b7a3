"""Who is served first, and is anybody ever left out?"""

from __future__ import annotations

import threading
import uuid
from collections import Counter

from orders.bridge.intake import BATCH_MAX, REQUESTS_MAX, Intake
from orders.core.inputs import Cancel, EngineBeat, Place, Replace
from orders.requests import Caller
from tests.orders.core.desk import Desk

words = Desk()


def caller(number: int) -> Caller:
    return Caller(user=uuid.UUID(int=number), account=uuid.UUID(int=number), account_name=f"u{number}")


def place(user: int = 1) -> Place:
    return words.place_input(caller=caller(user))


def cancel(user: int = 1) -> Cancel:
    return words.cancel_input(uuid.UUID(int=9), caller=caller(user))


def test_cancels_come_before_the_engine_and_the_engine_before_new_orders() -> None:
    intake = Intake()
    intake.offer_request(place())
    intake.offer_engine([EngineBeat(1, 1)])
    intake.offer_request(cancel())
    assert [type(each) for each in intake.take(0)] == [Cancel, EngineBeat, Place]


def test_a_change_waits_in_its_users_line_and_a_cancel_may_overtake_it() -> None:
    intake = Intake()
    change = words.replace_input(uuid.UUID(int=9), caller=caller(1))
    for request in (place(user=1), change, cancel(user=1)):
        intake.offer_request(request)
    assert [type(each) for each in intake.take(0)] == [Cancel, Place, Replace]


def test_the_engines_words_keep_their_order() -> None:
    intake = Intake()
    intake.offer_engine(EngineBeat(1, number) for number in range(BATCH_MAX + 10))
    heard = [*intake.take(0), *intake.take(0)]
    assert [beat.last_seq for beat in heard] == list(range(BATCH_MAX + 10))  # type: ignore[union-attr]


def test_what_is_given_back_comes_first_again() -> None:
    intake = Intake()
    intake.offer_engine(EngineBeat(1, number) for number in range(3))
    batch = intake.take(0)
    intake.offer_engine([EngineBeat(1, 3)])
    intake.give_back(batch)
    assert [beat.last_seq for beat in intake.take(0)] == [0, 1, 2, 3]  # type: ignore[union-attr]


def test_a_long_replay_does_not_shut_requests_out() -> None:
    intake = Intake()
    intake.offer_engine(EngineBeat(1, number) for number in range(1000))
    intake.offer_request(place())
    batch = intake.take(0)
    assert any(isinstance(each, Place) for each in batch) and len(batch) == BATCH_MAX


def test_a_storm_of_requests_does_not_shut_the_engine_out() -> None:
    intake = Intake()
    for _ in range(1000):
        intake.offer_request(cancel())
        intake.offer_request(place())
    intake.offer_engine(EngineBeat(1, number) for number in range(1000))
    kinds = Counter(type(each) for each in intake.take(0))
    assert kinds.total() == BATCH_MAX and min(kinds[Cancel], kinds[EngineBeat], kinds[Place]) >= 16


def test_users_take_turns() -> None:
    intake = Intake()
    for _ in range(200):
        intake.offer_request(place(user=1))
    intake.offer_request(place(user=2))
    users = [each.request.caller.user.int for each in intake.take(0)]  # type: ignore[union-attr]
    assert users[:2] == [1, 2]


def test_too_many_requests_are_refused_and_the_engine_is_left_to_wait() -> None:
    intake = Intake()
    assert all(intake.offer_request(place()) for _ in range(REQUESTS_MAX))
    assert not intake.offer_request(place())
    assert intake.engine_has_room
    intake.offer_engine(EngineBeat(1, number) for number in range(20_000))
    assert not intake.engine_has_room


def test_taking_waits_for_the_first_input() -> None:
    intake = Intake()
    taken: list[object] = []
    thread = threading.Thread(target=lambda: taken.extend(intake.take(20)))
    thread.start()
    intake.offer_request(place())
    thread.join(20)
    assert len(taken) == 1


def test_taking_from_nothing_ends_in_time() -> None:
    assert Intake().take(0.001) == []
