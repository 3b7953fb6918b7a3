"""Is this key one of those the socket's domain lets in? (ZAP, https://rfc.zeromq.org/spec/27)"""

from __future__ import annotations

import itertools
import logging
import threading
import time
from collections import Counter, deque
from collections.abc import Iterable

import zmq
from zmq.utils import z85

from bridge.sockets.keys import ADMITTED, Domain, KeyFault, KeyRing, Role, make_keys
from bridge.sockets.monitoring import event_of
from bridge.sockets.options import configure
from bridge.sockets.throttle import Throttle
from bridge.sockets.wake import Wake

__all__ = ["ADMITTED", "Domain", "Gatekeeper", "KeyFault", "KeyRing", "Role", "make_keys"]

logger = logging.getLogger(__name__)

ZAP_ADDRESS = "inproc://zeromq.zap.01"
ZAP_VERSION = b"1.0"
MECHANISM_REFUSED = zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL | zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL
LOOK_SECONDS = 0.5  #: between two looks at the key files
WATCHED_EVENTS = MECHANISM_REFUSED | zmq.EVENT_MONITOR_STOPPED

_numbers = itertools.count(1)


class Gatekeeper:
    """Answers the ZAP requests of one context in a thread of its own. Start it before the first bind.

    Key files may change while it works: it looks each half second. `cuts` counts, by domain, how often a key that had
    been let in was admitted no more; a `Gate` (`gates.py`) then cuts the connections.
    `refused` counts by (domain, reason). libzmq turns away peers without CURVE before it asks; `watch` counts those.
    Code that receives a frame finds the sender's role in `frame["User-Id"]`.
    """

    def __init__(self, context: zmq.Context[zmq.Socket[bytes]], keyring: KeyRing) -> None:
        self.refused: Counter[tuple[str, str]] = Counter()
        self._keyring = keyring
        self.cuts: Counter[str] = Counter()
        self._lock = threading.Lock()  #: over the next four: owners of sockets say whom to admit
        self._roles: dict[str, frozenset[Role]] = {}
        self._admitted: dict[str, dict[bytes, Role]] = {}
        self._let_in: dict[str, set[bytes]] = {}
        self._revoked = keyring.revoked()
        self._look_at = time.monotonic() + LOOK_SECONDS
        self._context = context
        self._throttle = Throttle()
        self._monitors: dict[zmq.Socket[bytes], str] = {}
        self._arrivals: deque[tuple[zmq.Socket[bytes], str]] = deque()
        self._stopping = False
        self._wake = Wake(context)
        self._zap = configure(context.socket(zmq.REP), hwm=1000)
        self._zap.bind(ZAP_ADDRESS)
        self._thread = threading.Thread(target=self._run, name="gatekeeper", daemon=True)
        self._thread.start()

    def allow(self, domain: str, roles: Iterable[Role]) -> None:
        """Admit the keys of exactly `roles` to `domain` from now on; `KeyFault` where one has no key."""
        for role in roles:
            self._keyring.public(role)
        with self._lock:
            self._roles[domain] = frozenset(roles)
            self._revoked = self._keyring.revoked()
            self._read(domain)

    def watch(self, socket: zmq.Socket[bytes], domain: str) -> None:
        """Count the peers of `socket` that come without CURVE; called by its owner, before bind."""
        address = f"inproc://gatekeeper-watch-{next(_numbers)}"
        socket.monitor(address, WATCHED_EVENTS)
        monitor = configure(self._context.socket(zmq.PAIR), hwm=1000)
        monitor.connect(address)
        self._arrivals.append((monitor, domain))
        self._wake.signal()

    def stop(self) -> None:
        """End the thread; connections made after this are refused."""
        self._stopping = True
        self._wake.signal()
        self._thread.join()

    def _run(self) -> None:
        poller = zmq.Poller()
        poller.register(self._zap, zmq.POLLIN)
        poller.register(self._wake.socket, zmq.POLLIN)
        try:
            while not self._stopping:
                self._step(poller)
        except zmq.ContextTerminated:
            pass  # its context ended first: there is nobody left to judge
        finally:
            for socket in (self._zap, *self._monitors, *(monitor for monitor, _ in self._arrivals)):
                socket.close()
            self._wake.close()

    def _step(self, poller: zmq.Poller) -> None:
        readable = dict(poller.poll(max(0, int((self._look_at - time.monotonic()) * 1000) + 1)))
        self._wake.clear()
        self._look_if_due()
        while self._arrivals:
            monitor, domain = self._arrivals.popleft()
            self._monitors[monitor] = domain
            poller.register(monitor, zmq.POLLIN)
        if self._zap in readable:
            self._answer(self._zap.recv_multipart())
        for monitor in [monitor for monitor in self._monitors if monitor in readable]:
            self._note(poller, monitor)

    def _look_if_due(self) -> None:
        if time.monotonic() < self._look_at:
            return
        self._look_at = time.monotonic() + LOOK_SECONDS
        with self._lock:
            try:
                self._revoked = self._keyring.revoked()
            except KeyFault as fault:
                self._say_fault(fault)
            for domain in self._roles:
                self._read(domain)

    def _read(self, domain: str) -> None:
        """Take in what the key files say now; under the lock."""
        known = self._admitted.get(domain, {})
        keys = {key: role for role in self._roles[domain] for key in self._listed(role, known)}
        self._admitted[domain] = {key: role for key, role in keys.items() if key not in self._revoked}
        gone = self._let_in.setdefault(domain, set()) - self._admitted[domain].keys()
        if gone:
            self._let_in[domain] -= gone
            self.cuts[domain] += 1
            facts = {"domain": domain, "roles": sorted(known[key] for key in gone if key in known)}
            logger.warning("A key that was in use is admitted no more", extra=facts)

    def _listed(self, role: Role, known: dict[bytes, Role]) -> frozenset[bytes]:
        """A file that cannot be read just now changes nothing; one that is gone takes its key off the list."""
        try:
            return self._keyring.listed(role)
        except KeyFault as fault:
            self._say_fault(fault)
            return frozenset(key for key, whose in known.items() if whose is role)

    def _say_fault(self, fault: KeyFault) -> None:
        if self._throttle.due():
            logger.error("A key file cannot be believed: what it said before counts", extra={"why": str(fault)})

    def _answer(self, request: list[bytes]) -> None:
        """One ZAP reply for one request, whatever the request is: REP cannot go on without it."""
        try:
            request_id, domain, mechanism, key = _read(request)
        except ValueError:
            self._refuse("", "not a ZAP request")
            self._zap.send_multipart([ZAP_VERSION, request[1] if len(request) > 1 else b"", b"500", b"", b"", b""])
            return
        role = self._judge(domain, mechanism, key)
        status = [b"200", b"OK", role.encode()] if role else [b"400", b"Not admitted", b""]
        self._zap.send_multipart([ZAP_VERSION, request_id, *status, b""])

    def _judge(self, domain: str, mechanism: bytes, key: bytes) -> Role | None:
        if mechanism != b"CURVE":
            self._refuse(domain, "mechanism")
            return None
        with self._lock:
            if (role := self._admitted.get(domain, {}).get(key)) is not None:
                self._let_in[domain].add(key)
        if role is None:
            self._refuse(domain, "revoked" if key in self._revoked else "key")
        return role

    def _note(self, poller: zmq.Poller, monitor: zmq.Socket[bytes]) -> None:
        event = event_of(monitor.recv_multipart())
        if event & MECHANISM_REFUSED:
            self._refuse(self._monitors[monitor], "mechanism")
        elif event == zmq.EVENT_MONITOR_STOPPED:
            poller.unregister(monitor)
            del self._monitors[monitor]
            monitor.close()

    def _refuse(self, domain: str, reason: str) -> None:
        self.refused[(domain, reason)] += 1
        if self._throttle.due():
            logger.warning(
                "A ZeroMQ peer was refused",
                extra={"domain": domain, "reason": reason, "refused": self.refused.total()},
            )


def _read(request: list[bytes]) -> tuple[bytes, str, bytes, bytes]:
    """Request id, domain, mechanism and the key in Z85 (empty without CURVE); ValueError where it is not ZAP."""
    version, request_id, domain, _address, _identity, mechanism, *credentials = request
    if version != ZAP_VERSION:
        raise ValueError(version)
    key = z85.encode(credentials[0]) if mechanism == b"CURVE" and credentials else b""
    return request_id, domain.decode("ascii", "replace"), mechanism, key
