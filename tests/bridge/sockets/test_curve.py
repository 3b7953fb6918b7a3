from collections.abc import Callable

import pytest
import zmq
from zmq.utils.monitor import recv_monitor_message

from bridge.sockets.curve import ADMITTED, ZAP_ADDRESS, Domain, Gatekeeper, KeyRing, Role
from bridge.sockets.options import configure
from tests.bridge.waiting import until
from tests.scoreboard import Measured

Prepare = Callable[[zmq.Socket], None]
REFUSALS = {
    zmq.Event.HANDSHAKE_FAILED_AUTH,
    zmq.Event.HANDSHAKE_FAILED_PROTOCOL,
    zmq.Event.HANDSHAKE_FAILED_NO_DETAIL,
    zmq.Event.DISCONNECTED,
}


@pytest.fixture
def server(context: zmq.Context, keyring: KeyRing, gatekeeper: Gatekeeper) -> zmq.Socket:
    return served(context, keyring, gatekeeper, Domain.ENGINE)


def served(context: zmq.Context, keyring: KeyRing, gatekeeper: Gatekeeper, domain: str) -> zmq.Socket:
    socket = configure(context.socket(zmq.ROUTER), hwm=100)
    gatekeeper.watch(socket, domain)
    keyring.serve(socket, Role.ENGINE, domain)
    socket.bind("tcp://127.0.0.1:*")
    return socket


def admitted(context: zmq.Context, server: zmq.Socket, prepare: Prepare) -> bool:
    """Whether a client so prepared can hand the server a message; a refusal is waited for as such."""
    client = configure(context.socket(zmq.DEALER), hwm=100)
    prepare(client)
    monitor = client.get_monitor_socket(sum(REFUSALS) | zmq.EVENT_HANDSHAKE_SUCCEEDED)
    client.connect(server.get_string(zmq.LAST_ENDPOINT))
    try:
        assert monitor.poll(10_000)
        if recv_monitor_message(monitor)["event"] in REFUSALS:
            return False
        assert client.poll(10_000, zmq.POLLOUT)
        client.send(b"hello")
        return bool(server.poll(10_000)) and server.recv_multipart()[-1] == b"hello"
    finally:
        client.disable_monitor()
        monitor.close(0)
        client.close(0)


def with_key_of(keyring: KeyRing, role: Role) -> Prepare:
    return lambda client: keyring.connect(client, role, Role.ENGINE)


@pytest.mark.parametrize("role", sorted(ADMITTED[Domain.ENGINE]))
def test_a_role_of_the_domain_is_admitted(context, server, keyring, role) -> None:
    assert admitted(context, server, with_key_of(keyring, role))


@pytest.mark.parametrize("role", sorted(set(Role) - ADMITTED[Domain.ENGINE]))
def test_a_key_for_another_domain_is_refused_and_counted(context, server, keyring, gatekeeper, role) -> None:
    assert not admitted(context, server, with_key_of(keyring, role))
    assert gatekeeper.refused == {("engine", "key"): 1}


def test_an_unknown_key_is_refused_and_counted(context, server, keyring, gatekeeper) -> None:
    def prepare(client: zmq.Socket) -> None:
        client.curve_publickey, client.curve_secretkey = zmq.curve_keypair()
        client.curve_serverkey = keyring.public(Role.ENGINE)

    assert not admitted(context, server, prepare)
    assert gatekeeper.refused == {("engine", "key"): 1}


def test_a_client_that_expects_another_server_is_refused(context, server, keyring) -> None:
    assert not admitted(context, server, lambda client: keyring.connect(client, Role.ORDER_BRIDGE, Role.LAYER))


def test_a_client_without_security_is_refused_and_counted(context, server, gatekeeper) -> None:
    assert not admitted(context, server, lambda client: None)
    until(lambda: gatekeeper.refused == {("engine", "mechanism"): 1}, "the count")


def test_a_client_with_a_password_is_refused_and_counted(context, server, gatekeeper) -> None:
    def prepare(client: zmq.Socket) -> None:
        client.plain_username, client.plain_password = b"trader1", b"demo"

    assert not admitted(context, server, prepare)
    until(lambda: gatekeeper.refused == {("engine", "mechanism"): 1}, "the count")


def test_no_message_of_a_refused_peer_is_delivered(context, server, keyring, measured: Measured) -> None:
    def unknown(client: zmq.Socket) -> None:
        client.curve_publickey, client.curve_secretkey = zmq.curve_keypair()
        client.curve_serverkey = keyring.public(Role.ENGINE)

    def plain(client: zmq.Socket) -> None:
        client.plain_username, client.plain_password = b"trader1", b"demo"

    ways: dict[str, Prepare] = {
        "without a key": lambda client: None,
        "with a password": plain,
        "with an unknown key": unknown,
        "with a key of another role": with_key_of(keyring, Role.WEB),
    }
    for way, prepare in ways.items():
        delivered = int(admitted(context, server, prepare))
        measured(37, f"messages delivered of a peer {way}", delivered, "0")
        assert delivered == 0
    assert not server.poll(0)


def test_a_refused_client_disturbs_nobody(context, server, keyring) -> None:
    assert not admitted(context, server, lambda client: None)
    assert not admitted(context, server, with_key_of(keyring, Role.WEB))
    assert admitted(context, server, with_key_of(keyring, Role.ORDER_BRIDGE))


def test_each_domain_has_its_own_list(context, keyring, gatekeeper) -> None:
    server = served(context, keyring, gatekeeper, Domain.ORDER_REQUESTS)
    assert admitted(context, server, with_key_of(keyring, Role.WEB))
    assert not admitted(context, server, with_key_of(keyring, Role.ORDER_BRIDGE))


def test_a_domain_without_a_list_admits_nobody(context, keyring, gatekeeper) -> None:
    server = served(context, keyring, gatekeeper, "forgotten")
    assert not admitted(context, server, with_key_of(keyring, Role.ORDER_BRIDGE))


def test_without_a_gatekeeper_nobody_gets_in(context, keyring) -> None:
    server = configure(context.socket(zmq.ROUTER), hwm=100)
    keyring.serve(server, Role.ENGINE, Domain.ENGINE)
    server.bind("tcp://127.0.0.1:*")
    assert not admitted(context, server, with_key_of(keyring, Role.ORDER_BRIDGE))


def test_a_new_list_counts_for_new_connections(context, server, keyring, gatekeeper) -> None:
    gatekeeper.allow(Domain.ENGINE, [Role.WORKER])
    assert admitted(context, server, with_key_of(keyring, Role.WORKER))
    assert not admitted(context, server, with_key_of(keyring, Role.ORDER_BRIDGE))


def test_the_receiver_knows_the_role_of_the_sender(context, server, keyring) -> None:
    client = configure(context.socket(zmq.DEALER), hwm=100)
    keyring.connect(client, Role.FEED_BRIDGE, Role.ENGINE)
    client.connect(server.get_string(zmq.LAST_ENDPOINT))
    assert client.poll(10_000, zmq.POLLOUT)
    client.send(b"hello")
    assert server.poll(10_000)
    assert server.recv_multipart(copy=False)[-1].get("User-Id") == "feed-bridge"


@pytest.mark.parametrize("request_frames", [[b"1.0"], [b"2.0", b"7", b"d", b"a", b"i", b"CURVE", b"k"], [b""] * 6])
def test_a_request_that_is_not_zap_is_answered_and_forgotten(context, gatekeeper, keyring, request_frames) -> None:
    asker = configure(context.socket(zmq.REQ), hwm=10)
    asker.connect(ZAP_ADDRESS)
    asker.send_multipart(request_frames)
    assert asker.poll(10_000)
    assert asker.recv_multipart()[2] == b"500"
    assert admitted(
        context, served(context, keyring, gatekeeper, Domain.ENGINE), with_key_of(keyring, Role.ORDER_BRIDGE)
    )


def test_a_mechanism_other_than_curve_is_refused_where_libzmq_asks(context, gatekeeper) -> None:
    asker = configure(context.socket(zmq.REQ), hwm=10)
    asker.connect(ZAP_ADDRESS)
    asker.send_multipart([b"1.0", b"7", b"engine", b"127.0.0.1", b"", b"PLAIN", b"user", b"word"])
    assert asker.poll(10_000)
    assert asker.recv_multipart()[:3] == [b"1.0", b"7", b"400"]
    assert gatekeeper.refused == {("engine", "mechanism"): 1}
