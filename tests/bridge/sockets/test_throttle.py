from bridge.sockets.throttle import Throttle


def test_the_first_is_said_and_then_one_per_interval() -> None:
    times = iter([0.0, 1.0, 4.9, 5.0, 6.0, 100.0])
    throttle = Throttle(5.0, lambda: next(times))
    assert [throttle.due() for _ in range(6)] == [True, False, False, True, False, True]
