"""How do the link thread and the core thread make up the order bridge?"""

from __future__ import annotations

import logging
import threading
import time
from contextlib import closing

import zmq

from bridge.link.commands import CommandLink
from bridge.link.queries import QueryLink
from bridge.sockets.curve import Gatekeeper, KeyRing, Role
from bridge.sockets.pump import Context
from orders.bridge.admission import admission_of
from orders.bridge.core_loop import CoreLoop, Pulse
from orders.bridge.figures import show_core, show_last_hop, show_link, show_marks
from orders.bridge.intake import Intake
from orders.bridge.kill_files import KillFiles
from orders.bridge.last_hop import LastHop
from orders.bridge.link_loop import LinkLoop
from orders.bridge.mark_watch import MarkWatch
from orders.bridge.outbox import Outbox
from orders.bridge.presence import Presence
from orders.bridge.requests_door import RequestsDoor
from orders.bridge.second_eye import SecondEye, Watching
from orders.bridge.standby import LeaseWatch, Standby
from orders.core.state import Cursor
from orders.ledger import Ledger
from orders.ledger.checkpoints import Checkpoints
from orders.ledger.lease import LeaseView
from orders.ledger.states import booked_changes
from tradingmw.env import Env
from tradingmw.layers import layer_publisher

logger = logging.getLogger(__name__)
LINK_END_SECONDS = 5.0


def clock_us() -> int:
    return time.time_ns() // 1000


class OrderBridge:
    """The one writer of orders. `run` ends with `stop`, or raises `Fenced` or whatever ended one of its threads.

    With `standby` it waits while another bridge holds the lease; without, it then refuses to run (`LeaseHeld`). Beside
    another one at its own address it never runs (`HeldByAnother`).
    """

    core_loop = CoreLoop

    def __init__(self, env: Env, *, standby: bool = False) -> None:
        self._env = env
        self._standby = standby
        self._presence = Presence(env.data_dir)
        self._failure: BaseException | None = None
        self._ended = threading.Event()  #: one of the threads, or the caller, wants it to end
        self._core_ended = threading.Event()

    def run(self, stop: threading.Event) -> None:
        context: Context = zmq.Context()
        keyring = KeyRing(self._env.keys)
        gatekeeper = Gatekeeper(context, keyring)
        try:
            with (
                self._presence.announced(self._env.order_requests),
                closing(MarkWatch(context, keyring, self._env.feed_state, clock_us)) as marks,
            ):
                self._run(context, keyring, gatekeeper, marks, stop)
        finally:
            gatekeeper.stop()
            context.destroy(linger=0)

    def _run(
        self, context: Context, keyring: KeyRing, gatekeeper: Gatekeeper, marks: MarkWatch, stop: threading.Event
    ) -> None:
        """While it stands by it knows what instruments are worth, too: there may be a market order among the first."""
        intake, outbox, pulse = Intake(), Outbox(context), Pulse(self._env.dead_man_seconds * 1000)
        door = RequestsDoor(context, keyring, gatekeeper, self._env.order_requests, admission_of(self._env, intake))
        ledger = self._ledger(door, stop)
        if ledger is None:
            return
        logger.info("The order bridge holds the lease", extra={"fence": ledger.fence})
        link = CommandLink(
            context,
            keyring,
            self._env.engine_commands,
            session=ledger.fence,
            clock_us=clock_us,
            cancel_after_ms=pulse.cancel_after_ms,
        )
        last_hop = LastHop()
        publisher = layer_publisher(self._env, context, keyring, Role.ORDER_BRIDGE)
        loop = LinkLoop(
            link=link,
            queries=QueryLink(context, keyring, self._env.engine_queries, role=Role.ORDER_BRIDGE),
            door=door,
            publisher=publisher,
            intake=intake,
            outbox=outbox,
            pulse=pulse,
            clock_us=clock_us,
            last_hop=last_hop,
            has_prices=lambda: marks.has_fresh,
            kill_files=self._kill_files(),
            restrictions=tuple(ledger.book.restrictions.values()),
        )
        core = self.core_loop(ledger, intake, outbox, pulse, clock_us, marks.latest, last_hop)
        show_link(link, door, publisher)
        show_core(core, ledger, intake, outbox, pulse)
        eye = SecondEye(ledger.fence, lambda: last_hop.sent, last_hop.trip)
        show_marks(marks)
        show_last_hop(last_hop, eye)
        with Watching(eye):
            self._both(loop, core, ledger.book.cursor, stop)
        ledger.give_back()

    def _kill_files(self) -> KillFiles:
        """Without those that the tables have: their bridge ended before it could remove them."""
        files = KillFiles(self._env.data_dir)
        for change in booked_changes({wanted.id for wanted in files.kept()}):
            files.drop(change)
        return files

    def _ledger(self, door: RequestsDoor, stop: threading.Event) -> Ledger | None:
        """Once the lease is this bridge's. Its address is bound before: two bridges on one never fence each other."""
        address, deadline_us = self._env.order_requests, self._env.command_deadline_ms * 1000
        every_us = self._env.reconcile_seconds * 1_000_000

        def take(seen: LeaseView) -> Ledger:
            return Ledger(address, command_deadline_us=deadline_us, reconcile_every_us=every_us, seen=seen)

        return Standby(LeaseWatch(address, self._presence), door, take, patient=self._standby).wait(stop)

    def _both(self, link: LinkLoop, core: CoreLoop, cursor: Cursor, stop: threading.Event) -> None:
        """The link in a thread of its own, the core in this one; the end of either ends both, the core first."""
        thread = threading.Thread(target=self._run_link, args=(link, cursor), name="order-link", daemon=True)
        watcher = threading.Thread(target=self._watch, args=(stop,), name="order-stop", daemon=True)
        checkpoints = threading.Thread(
            target=Checkpoints().run, args=(self._core_ended,), name="checkpoints", daemon=True
        )
        for each in (thread, watcher, checkpoints):
            each.start()
        try:
            core.run(self._ended)
        finally:
            self._core_ended.set()
            thread.join(LINK_END_SECONDS)
            checkpoints.join(LINK_END_SECONDS)
        if self._failure is not None:
            raise self._failure
        logger.info("The order bridge has stopped", extra={"counts": dict(core.counts)})

    def _run_link(self, link: LinkLoop, cursor: Cursor) -> None:
        try:
            link.run(self._core_ended, cursor.epoch, cursor.seq)
        except BaseException as error:
            self._failure = error
        finally:
            self._ended.set()

    def _watch(self, stop: threading.Event) -> None:
        stop.wait()
        self._ended.set()
