"""What reaches a peer whose key is revoked while it is connected? And the others?"""

from __future__ import annotations

import logging
import socket
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import zmq

from bridge.sockets.curve import ADMITTED, Domain, Gatekeeper, KeyRing, Role, make_keys
from bridge.sockets.gates import Gate
from bridge.sockets.key_changes import prepare, revoke, revoke_old, switch
from bridge.sockets.keys import REVOKED, KeyFault, public_path
from bridge.sockets.options import configure
from tests.bridge.waiting import until
from tests.scoreboard import Measured

NOW = datetime(2026, 11, 23, tzinfo=UTC)
REFUSED = zmq.EVENT_HANDSHAKE_FAILED_AUTH | zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL | zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL
PAIRS = [(zmq.PUB, zmq.SUB), (zmq.PUSH, zmq.PULL), (zmq.ROUTER, zmq.DEALER), (zmq.XSUB, zmq.XPUB)]


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    make_keys(tmp_path)
    return tmp_path


@pytest.fixture
def gatekeeper(context: zmq.Context, directory: Path) -> Iterator[Gatekeeper]:
    gatekeeper = Gatekeeper(context, KeyRing(directory))
    gatekeeper.allow(Domain.ENGINE, ADMITTED[Domain.ENGINE])
    yield gatekeeper
    gatekeeper.stop()


class Server:
    """A server socket whose owner looks after its gate in every turn, as the system's own do."""

    def __init__(self, context: zmq.Context, gatekeeper: Gatekeeper, directory: Path, pattern: int = zmq.PUB) -> None:
        self.socket = configure(context.socket(pattern), hwm=1000)
        KeyRing(directory).serve(self.socket, Role.ENGINE, Domain.ENGINE)
        self.gate = Gate(gatekeeper, self.socket, Domain.ENGINE, "tcp://127.0.0.1:*")
        self.sent = 0

    def turn(self) -> None:
        """One message to whoever may hear it."""
        self.look()
        self.sent += 1
        self.socket.send(str(self.sent).encode())

    def look(self) -> None:
        self.gate.look()
        self.socket.poll(0)  # a connection ends once its socket's owner has seen to what came in

    def until(self, condition: Callable[[], object], what: str) -> None:
        def turned() -> object:
            self.turn()
            return condition()

        until(turned, what)


class Peer:
    """A subscriber with the keys that `role` had when it connected."""

    def __init__(self, context: zmq.Context, server: Server, directory: Path, role: Role) -> None:
        self.heard = 0
        self._socket = configure(context.socket(zmq.SUB), hwm=10_000)
        KeyRing(directory).connect(self._socket, role, Role.ENGINE)
        self._monitor = self._socket.get_monitor_socket(zmq.EVENT_DISCONNECTED | REFUSED)
        self._socket.subscribe(b"")
        self._socket.connect(server.gate.address)

    def hears(self) -> bool:
        """Whether something new came."""
        before = self.heard
        while self._socket.poll(0):
            self.heard = int(self._socket.recv())
        return self.heard > before

    def event(self) -> bool:
        """Whether it was cut off or refused once more since the last question."""
        return bool(self._monitor.poll(0)) and bool(self._monitor.recv_multipart())


def test_a_revoked_peer_is_cut_off_and_hears_nothing_more(context, gatekeeper, directory, measured: Measured) -> None:
    server = Server(context, gatekeeper, directory)
    revoked = Peer(context, server, directory, Role.RECORDER)
    faithful = Peer(context, server, directory, Role.FEED_BRIDGE)
    server.until(revoked.hears, "the recorder's first message")
    server.until(faithful.hears, "the bridge's first message")
    revoke(directory, public_path(directory, Role.RECORDER).read_bytes(), "lost", NOW)
    server.until(revoked.event, "the cut")
    revoked.hears()
    last = revoked.heard
    server.until(lambda: gatekeeper.refused[Domain.ENGINE, "revoked"] and faithful.hears(), "the bridge's return")
    for _ in range(100):
        server.turn()
    server.until(faithful.hears, "the bridge once more")
    revoked.hears()
    measured(37, "messages that a peer heard after it was cut off for its revoked key", revoked.heard - last, "0")
    assert revoked.heard == last


@pytest.mark.parametrize(("pattern", "opposite"), PAIRS)
def test_every_pattern_cuts_its_peers_off(context, gatekeeper, directory, pattern, opposite) -> None:
    server = Server(context, gatekeeper, directory, pattern)
    peer = configure(context.socket(opposite), hwm=100)
    KeyRing(directory).connect(peer, Role.RECORDER, Role.ENGINE)
    monitor = peer.get_monitor_socket(zmq.EVENT_HANDSHAKE_SUCCEEDED | zmq.EVENT_DISCONNECTED | REFUSED)
    peer.connect(server.gate.address)
    assert monitor.poll(20_000)
    assert monitor.recv_multipart()
    until(lambda: gatekeeper.refused.total() == 0, "the welcome")
    revoke(directory, public_path(directory, Role.RECORDER).read_bytes(), "lost", NOW)
    until(lambda: server.look() or gatekeeper.refused[Domain.ENGINE, "revoked"], "its refusal")


def test_a_key_that_nobody_came_with_cuts_nobody_off(context, gatekeeper, directory, caplog) -> None:
    server = Server(context, gatekeeper, directory)
    peer = Peer(context, server, directory, Role.FEED_BRIDGE)
    server.until(peer.hears, "the first message")
    revoke(directory, public_path(directory, Role.RECORDER).read_bytes(), "lost", NOW)
    until_looked_at(directory, caplog)
    stranger = Peer(context, server, directory, Role.RECORDER)
    server.until(stranger.event, "the refusal")
    assert (gatekeeper.cuts.total(), peer.event()) == (0, False)


def test_the_next_key_is_let_in_beside_the_present_one_and_the_old_one_until_it_is_revoked(
    context, gatekeeper, directory, caplog
) -> None:
    server = Server(context, gatekeeper, directory)
    before = Peer(context, server, directory, Role.FEED_BRIDGE)
    server.until(before.hears, "the first message")
    prepare(directory, Role.FEED_BRIDGE)
    switch(directory, Role.FEED_BRIDGE)
    until_looked_at(directory, caplog)
    after = Peer(context, server, directory, Role.FEED_BRIDGE)
    server.until(after.hears, "a message to the new key")
    server.until(before.hears, "a message to the old key")
    assert gatekeeper.refused.total() + gatekeeper.cuts.total() == 0
    revoke_old(directory, Role.FEED_BRIDGE, NOW)
    server.until(before.event, "the cut")
    before.hears()
    server.until(after.hears, "the new key's return")
    assert not before.hears()


def test_a_key_file_that_is_taken_away_takes_its_key_off_the_list(context, gatekeeper, directory) -> None:
    server = Server(context, gatekeeper, directory)
    peer = Peer(context, server, directory, Role.RECORDER)
    server.until(peer.hears, "the first message")
    public_path(directory, Role.RECORDER).unlink()
    server.until(lambda: gatekeeper.refused[Domain.ENGINE, "key"], "the refusal")


def test_a_file_that_cannot_be_believed_changes_nothing_and_is_said(context, gatekeeper, directory, caplog) -> None:
    server = Server(context, gatekeeper, directory)
    until_looked_at(directory, caplog)
    peer = Peer(context, server, directory, Role.RECORDER)
    server.until(peer.hears, "the first message")
    revoke(directory, public_path(directory, Role.RECORDER).read_bytes(), "lost", NOW)
    server.until(peer.event, "the cut, whatever the other file says")


def test_a_list_of_revoked_keys_that_cannot_be_read_lets_nobody_begin(context, directory) -> None:
    (directory / REVOKED).mkdir()
    with pytest.raises(KeyFault, match=r"revoked keys .* cannot be read"):
        Gatekeeper(context, KeyRing(directory))


def test_an_address_that_is_taken_meanwhile_is_bound_as_soon_as_it_is_free(context, gatekeeper, directory) -> None:
    server = Server(context, gatekeeper, directory)
    peer = Peer(context, server, directory, Role.RECORDER)
    server.until(peer.hears, "the first message")
    server.socket.unbind(server.gate.address)
    thief = until(lambda: listener(server.gate.address), "the theft")
    revoke(directory, public_path(directory, Role.RECORDER).read_bytes(), "lost", NOW)
    until(lambda: gatekeeper.cuts[Domain.ENGINE], "the cut")
    server.look()
    thief.close()
    faithful = Peer(context, server, directory, Role.FEED_BRIDGE)
    server.until(faithful.hears, "the bridge's first message")


def until_looked_at(directory: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Until the gatekeeper has read the key files as they are now: it says that one of them is no key."""
    with caplog.at_level(logging.ERROR):
        public_path(directory, Role.RECORDER, "laptop").write_bytes(b"half a k")
        until(lambda: "cannot be believed" in caplog.text, "the log line")


def listener(address: str) -> socket.socket | None:
    """Somebody else's, where the address is free."""
    try:
        return socket.create_server(("127.0.0.1", int(address.rpartition(":")[2])))
    except OSError:
        return None
