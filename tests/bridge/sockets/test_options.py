import subprocess
import sys

import pytest
import zmq

from bridge.sockets.options import (
    BY_PATTERN,
    COMMON,
    MAX_FRAME_BYTES,
    UnsafeLibzmq,
    check_libzmq,
    configure,
    settings,
)
from bridge.wire.envelope import MAX_PAYLOAD, SIZE

PATTERNS = sorted(BY_PATTERN)
TURNS = 4
#: Options that libzmq lets nobody read; what they do is tested where it shows.
WRITE_ONLY = {
    zmq.ROUTER_MANDATORY,
    zmq.ROUTER_HANDOVER,
    zmq.PROBE_ROUTER,
    zmq.REQ_RELAXED,
    zmq.REQ_CORRELATE,
    zmq.XPUB_NODROP,
    zmq.XPUB_VERBOSE,
}


@pytest.mark.parametrize("pattern", PATTERNS)
def test_every_option_is_in_force_on_a_live_socket(context: zmq.Context, pattern: int) -> None:
    socket = configure(context.socket(pattern), hwm=123)
    expected = {name: value for name, value in settings(pattern, hwm=123).items() if name not in WRITE_ONLY}
    assert {name: socket.get(name) for name in expected} == expected


def test_only_options_that_nobody_can_read_are_not_read_back(context: zmq.Context) -> None:
    for pattern in PATTERNS:
        socket = context.socket(pattern)
        for option in WRITE_ONLY & set(settings(pattern, hwm=1)):
            with pytest.raises(zmq.ZMQError):
                socket.get(option)


def test_nothing_that_matters_is_left_to_the_defaults_of_libzmq() -> None:
    unsafe = {zmq.LINGER: -1, zmq.SNDTIMEO: -1, zmq.MAXMSGSIZE: -1, zmq.HEARTBEAT_IVL: 0, zmq.RECONNECT_IVL_MAX: 0}
    assert not [option for option, value in unsafe.items() if COMMON[option] == value]


def test_a_socket_that_sends_to_one_peer_queues_nothing_while_that_peer_is_away() -> None:
    for pattern in (zmq.DEALER, zmq.REQ, zmq.PUSH):
        assert settings(pattern, hwm=1)[zmq.IMMEDIATE] == 1


def test_the_largest_payload_of_the_wire_fits() -> None:
    assert MAX_FRAME_BYTES >= MAX_PAYLOAD + SIZE


def test_an_unbounded_queue_is_refused(context: zmq.Context) -> None:
    with pytest.raises(ValueError, match="hwm"):
        configure(context.socket(zmq.DEALER), hwm=0)


def test_the_send_queue_can_be_smaller(context: zmq.Context) -> None:
    socket = configure(context.socket(zmq.DEALER), hwm=1000, send_hwm=7)
    assert (socket.get(zmq.RCVHWM), socket.get(zmq.SNDHWM)) == (1000, 7)


def test_reconnection_can_be_left_to_the_caller(context: zmq.Context) -> None:
    assert configure(context.socket(zmq.DEALER), hwm=1, reconnect=False).get(zmq.RECONNECT_IVL) == -1


def test_the_identity_is_set(context: zmq.Context) -> None:
    socket = configure(context.socket(zmq.DEALER), hwm=1, identity=b"orders.7")
    assert socket.get(zmq.ROUTING_ID) == b"orders.7"


def test_a_command_for_an_absent_engine_is_refused_and_never_delivered_later(context: zmq.Context) -> None:
    dealer = configure(context.socket(zmq.DEALER), hwm=10)
    dealer.connect("tcp://127.0.0.1:1")
    with pytest.raises(zmq.Again):
        dealer.send(b"order")


def test_a_message_for_an_unknown_peer_is_an_error(context: zmq.Context) -> None:
    router = configure(context.socket(zmq.ROUTER), hwm=10)
    router.bind("tcp://127.0.0.1:*")
    with pytest.raises(zmq.ZMQError) as error:
        router.send_multipart([b"nobody", b"report"])
    assert error.value.errno == zmq.EHOSTUNREACH


def test_a_returning_peer_gets_its_identity_back(context: zmq.Context) -> None:
    router = configure(context.socket(zmq.ROUTER), hwm=10)
    router.bind("tcp://127.0.0.1:*")
    peers = []
    for number in (b"1", b"2"):
        peers.append(configure(context.socket(zmq.DEALER), hwm=10, identity=b"same"))
        peers[-1].connect(router.get_string(zmq.LAST_ENDPOINT))
        assert peers[-1].poll(10_000, zmq.POLLOUT)
        peers[-1].send(number)
        assert router.poll(10_000)
        assert router.recv_multipart() == [b"same", number]
    router.send_multipart([b"same", b"for the newest"])
    assert peers[1].poll(10_000)
    assert peers[1].recv() == b"for the newest"


def test_an_old_libzmq_stops_the_start() -> None:
    with pytest.raises(UnsafeLibzmq, match=r"this is 4\.3\.4"):
        check_libzmq((4, 3, 4))


def test_a_subscriber_with_a_full_queue_outlives_its_connection(context: zmq.Context) -> None:
    """Stands still past its heartbeats, is cut off and connected anew, and reads on: four times."""
    publisher = configure(context.socket(zmq.PUB), hwm=100)
    publisher.bind("tcp://127.0.0.1:*")
    command = [
        sys.executable,
        "-m",
        "tests.bridge.sockets.stalling_subscriber",
        publisher.get_string(zmq.LAST_ENDPOINT),
    ]
    with subprocess.Popen([*command, str(TURNS)], stdout=subprocess.PIPE, text=True) as subscriber:
        while subscriber.poll() is None:
            publisher.send(b"x" * 20_000)  # what the subscriber does not take is dropped
        read = [int(line) for line in subscriber.stdout or ()]
    assert (subscriber.returncode, len(read)) == (0, TURNS)
    assert min(read) > 0
