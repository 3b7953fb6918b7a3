import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator

import pytest
import zmq

from bridge.sockets.options import configure
from bridge.sockets.pump import Port, PortClosed, PortFull, Pump, process_pump
from tests.bridge.waiting import until

Frames = list[bytes]


@pytest.fixture
def pump() -> Iterator[Pump]:
    pump = Pump()
    yield pump
    pump.close()


@pytest.fixture
def peer(context: zmq.Context) -> zmq.Socket:
    """The other end, owned by the test."""
    socket = configure(context.socket(zmq.PAIR), hwm=100_000)
    socket.bind("tcp://127.0.0.1:*")
    return socket


def to(peer: zmq.Socket | str) -> Callable[[zmq.Context], zmq.Socket]:
    address = peer if isinstance(peer, str) else peer.get_string(zmq.LAST_ENDPOINT)

    def connected(context: zmq.Context) -> zmq.Socket:
        pair = configure(context.socket(zmq.PAIR), hwm=100_000)
        pair.connect(address)
        return pair

    return connected


def absent(context: zmq.Context) -> zmq.Socket:
    socket = configure(context.socket(zmq.DEALER), hwm=10)
    socket.connect("tcp://127.0.0.1:1")
    return socket


def ignore(frames: Frames) -> None:
    """For ports that only send."""


def received(peer: zmq.Socket, count: int) -> list[Frames]:
    frames = []
    for _ in range(count):
        assert peer.poll(20_000)
        frames.append(peer.recv_multipart())
    return frames


def test_everything_queued_is_sent_in_order(pump: Pump, peer: zmq.Socket) -> None:
    port = pump.attach(to(peer), ignore, capacity=5000)
    expected = [[b"%d" % number, b"x"] for number in range(5000)]
    for frames in expected:
        port.send(frames)
    assert received(peer, 5000) == expected


def test_what_was_put_leaves_with_the_next_wake_and_in_the_same_order(pump: Pump, peer: zmq.Socket) -> None:
    port = pump.attach(to(peer), ignore, capacity=5000)
    expected = [[b"%d" % number] for number in range(5000)]
    for number, frames in enumerate(expected):
        (port.send if number % 7 == 0 else port.put)(frames)
    port.wake()
    assert received(peer, 5000) == expected


def test_everything_that_arrives_is_handed_over_in_order(pump: Pump, peer: zmq.Socket) -> None:
    arrived: list[Frames] = []
    pump.attach(to(peer), arrived.append)
    assert peer.poll(20_000, zmq.POLLOUT)
    expected = [[b"%d" % number] for number in range(5000)]
    for frames in expected:
        peer.send_multipart(frames)
    until(lambda: len(arrived) == 5000)
    assert arrived == expected


def test_frames_wait_for_a_peer_that_is_not_there_yet(pump: Pump, context: zmq.Context) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"tcp://127.0.0.1:{free.getsockname()[1]}"
    port = pump.attach(to(address), ignore)
    for number in range(250):
        port.send([b"%d" % number])
    late = configure(context.socket(zmq.PAIR), hwm=1000)
    late.bind(address)
    assert received(late, 250) == [[b"%d" % number] for number in range(250)]


def test_frames_for_an_absent_peer_are_handed_back_where_that_is_asked_for(pump: Pump) -> None:
    unsent: list[Frames] = []
    port = pump.attach(absent, ignore, on_unsent=unsent.append)
    port.send([b"order"])
    until(lambda: unsent == [[b"order"]])


def test_a_full_port_says_so_and_keeps_what_it_has(pump: Pump) -> None:
    port = pump.attach(absent, ignore, capacity=3)
    for _ in range(3):
        port.send([b"x"])
    with pytest.raises(PortFull):
        port.send([b"one too many"])
    assert len(port.outbox) == 3


def test_a_message_nobody_can_receive_is_counted_and_does_not_stop_the_next(pump: Pump) -> None:
    def router(context: zmq.Context) -> zmq.Socket:
        socket = configure(context.socket(zmq.ROUTER), hwm=10)
        socket.bind("inproc://router")
        return socket

    arrived: list[Frames] = []
    port = pump.attach(router, ignore)
    peer = pump.attach(lambda context: dealer(context, b"peer"), arrived.append)
    port.send([b"nobody", b"lost"])
    until(lambda: port.faults["send"] == 1)
    peer.send([b"here"])
    port.send([b"peer", b"found"])
    until(lambda: arrived == [[b"found"]])


def dealer(context: zmq.Context, identity: bytes) -> zmq.Socket:
    socket = configure(context.socket(zmq.DEALER), hwm=10, identity=identity)
    socket.connect("inproc://router")
    return socket


def test_a_raising_callback_is_counted_and_survived(pump: Pump, peer: zmq.Socket) -> None:
    arrived: list[Frames] = []

    def picky(frames: Frames) -> None:
        if frames == [b"bad"]:
            raise ValueError("no")
        arrived.append(frames)

    port = pump.attach(to(peer), picky)
    assert peer.poll(20_000, zmq.POLLOUT)
    for frame in (b"1", b"bad", b"2"):
        peer.send(frame)
    until(lambda: arrived == [[b"1"], [b"2"]])
    assert port.faults == {"callback": 1}


def test_a_raising_call_is_counted_and_survived(pump: Pump, peer: zmq.Socket) -> None:
    port = pump.attach(to(peer), ignore)
    port.call(lambda socket: socket.set(zmq.SUBSCRIBE, b"no PAIR subscribes"))
    port.send([b"still there"])
    assert received(peer, 1) == [[b"still there"]]
    assert port.faults == {"callback": 1}


def test_calls_run_in_order_in_the_pump_thread(pump: Pump, peer: zmq.Socket) -> None:
    seen: list[tuple[int, int]] = []
    port = pump.attach(to(peer), ignore)
    for number in range(100):
        port.call(lambda socket, number=number: seen.append((number, threading.get_ident())))
    until(lambda: len(seen) == 100)
    assert [number for number, _ in seen] == list(range(100))
    assert {thread for _, thread in seen}.isdisjoint({threading.get_ident()})


def test_a_port_can_be_attached_from_within_a_callback(pump: Pump, peer: zmq.Socket) -> None:
    inner: list[Port] = []
    pump.attach(to(peer), lambda frames: inner.append(pump.attach(absent, ignore)))
    assert peer.poll(20_000, zmq.POLLOUT)
    peer.send(b"go")
    until(lambda: inner)


def test_a_socket_that_cannot_be_opened_is_an_error_where_it_was_asked_for(pump: Pump, peer: zmq.Socket) -> None:
    def bad(context: zmq.Context) -> zmq.Socket:
        raise ValueError("no such key")

    with pytest.raises(ValueError, match="no such key"):
        pump.attach(bad, ignore)
    port = pump.attach(to(peer), ignore)
    port.send([b"still there"])
    assert received(peer, 1) == [[b"still there"]]


def test_a_closed_port_takes_nothing_more(pump: Pump, peer: zmq.Socket) -> None:
    port = pump.attach(to(peer), ignore)
    port.close()
    port.close()
    with pytest.raises(PortClosed):
        port.send([b"late"])
    with pytest.raises(PortClosed):
        port.call(lambda socket: None)


def test_a_port_can_close_itself_from_its_callback(pump: Pump, peer: zmq.Socket) -> None:
    arrived: list[Frames] = []
    ports: list[Port] = []

    def once(frames: Frames) -> None:
        arrived.append(frames)
        ports[0].close()

    ports.append(pump.attach(to(peer), once))
    assert peer.poll(20_000, zmq.POLLOUT)
    peer.send(b"last words")
    until(lambda: arrived == [[b"last words"]])
    other = pump.attach(absent, ignore, on_unsent=arrived.append)
    other.send([b"alive"])
    until(lambda: [b"alive"] in arrived)


def test_a_closed_pump_takes_nothing_more_and_its_thread_has_ended(peer: zmq.Socket) -> None:
    pump = Pump(name="ends")
    port = pump.attach(to(peer), ignore)
    pump.close()
    pump.close()
    with pytest.raises(PortClosed):
        port.send([b"late"])
    with pytest.raises(PortClosed):
        pump.attach(to(peer), ignore)
    assert "ends" not in {thread.name for thread in threading.enumerate()}


def test_a_busy_port_does_not_starve_another(pump: Pump, peer: zmq.Socket, context: zmq.Context) -> None:
    other_peer = configure(context.socket(zmq.PAIR), hwm=10)
    other_peer.bind("tcp://127.0.0.1:*")
    seen: list[bytes] = []
    pump.attach(to(peer), lambda frames: seen.append(frames[0]))
    quiet = pump.attach(to(other_peer), lambda frames: seen.append(frames[0]))
    done = threading.Event()
    assert peer.poll(20_000, zmq.POLLOUT)
    assert other_peer.poll(20_000, zmq.POLLOUT)
    quiet.call(lambda socket: done.wait(20))  # so that both have much to read when the pump goes on
    for _ in range(2000):
        peer.send(b"busy")
    other_peer.send(b"quiet")
    done.set()
    until(lambda: len(seen) == 2001)
    assert seen[-1] == b"busy"


def test_many_threads_may_send_through_one_port(pump: Pump, peer: zmq.Socket) -> None:
    port = pump.attach(to(peer), ignore, capacity=4000)

    def send(name: bytes) -> None:
        for number in range(1000):
            port.send([name, b"%d" % number])

    threads = [threading.Thread(target=send, args=(name,)) for name in (b"a", b"b", b"c", b"d")]
    for thread in threads:
        thread.start()
    frames = received(peer, 4000)
    for name in (b"a", b"b", b"c", b"d"):
        assert [int(number) for sender, number in frames if sender == name] == list(range(1000))


def test_a_process_has_one_pump() -> None:
    assert process_pump() is process_pump()


def test_a_process_with_a_pump_ends_by_itself() -> None:
    program = "from bridge.sockets.pump import process_pump; process_pump()"
    assert subprocess.run([sys.executable, "-c", program], timeout=60, check=False).returncode == 0
