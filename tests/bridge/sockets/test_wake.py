import threading

import zmq

from bridge.sockets.wake import Wake


def test_many_signals_before_a_clear_are_one(context: zmq.Context) -> None:
    wake = Wake(context)
    for _ in range(5000):
        wake.signal()
    assert wake.socket.poll(10_000)
    wake.clear()
    assert not wake.socket.poll(0)


def test_a_signal_after_a_clear_counts(context: zmq.Context) -> None:
    wake = Wake(context)
    for _ in range(3000):
        wake.signal()
        wake.clear()
    wake.signal()
    assert wake.socket.poll(10_000)


def test_signals_from_many_threads_wake_one_waiter(context: zmq.Context) -> None:
    wake = Wake(context)
    threads = [threading.Thread(target=lambda: [wake.signal() for _ in range(500)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    assert wake.socket.poll(10_000)
    for thread in threads:
        thread.join()


def test_a_signal_after_the_end_does_nothing(context: zmq.Context) -> None:
    wake = Wake(context)
    wake.close()
    wake.signal()
    wake.clear()
