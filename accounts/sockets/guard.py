"""What may a client do to the connection that it holds? Its frames, its reading and its leaving are bounded.

uvicorn's sans-I/O WebSocket protocol parses up to 256 KiB in one turn of the loop, however many frames that is, answers
every ping, joins any number of fragments, and waits without end for a client that does not read, also to close. Here

- one read is small, and of frames that are no whole message a few are taken at a time, so that a flood of tiny ones
  has the loop for a millisecond only before others have it;
- pings, pongs and fragments come at a bounded pace (1008), and a message in a bounded number of pieces (1009);
- between some of these, and between reads of what comes after the end, the client waits while others are served;
- a client that has read nothing for too long is closed with 4008, one that reads slowly is not;
- a close is sent at once, also past what waits, and is followed by the end of the connection within seconds.
"""

from __future__ import annotations

import asyncio
import socket
from typing import Any, ClassVar

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from accounts.sockets import tally
from accounts.sockets.closing import CloseCode
from accounts.sockets.stalls import Stall, stall_watch
from accounts.sockets.tally import Ended
from tradingmw.token_buckets import TokenBuckets

READ_BYTES = 512  #: some 85 frames at most
DISCARD_BYTES = 262_144
#: What the system keeps for a client that does not read, beside the transport's own 64 KiB.
SEND_BUFFER_BYTES = 262_144
FRAGMENTS_PER_SECOND, FRAGMENTS_BURST = 100, 256
CONTROLS_PER_SECOND, CONTROLS_BURST = 10, 32  #: pings and pongs
LOOSE_FRAMES_PER_TURN = 16  #: frames that are no whole message
LOOSE_BYTES = 112  #: so many are taken at a time of what begins with such a frame: the smallest have seven
REST_SECONDS = 0.01  #: so long is not read from who sends such frames, or sends though it is to leave
FRAGMENTS_MAX = 128  #: of 512 bytes for the longest message; each costs as much as a message
#: So many may wait for the app while reading goes on; to pause and go on for each costs system calls.
MESSAGES_AHEAD = 4
POLICY_VIOLATION, TOO_BIG = 1008, 1009

FIN, CONTROL = 0x80, 0x08  #: of the first byte of a frame

_unseen = bytearray(DISCARD_BYTES)  #: where all that leave write what nobody looks at


class GuardedProtocol(WebSocketsSansIOProtocol, asyncio.BufferedProtocol):
    """One connection. A buffered protocol, because such a one says how much is read at a time."""

    stall_seconds: ClassVar[float] = 30.0  #: so long a client may read nothing of what waits for it
    leave_seconds: ClassVar[float] = 5.0  #: how long it may take to read the close, or to stop sending

    _buffer = bytearray()
    _leaving = False
    _is_to_rest = False
    _loose_frames = 0
    _fragments: TokenBuckets | None = None
    _controls: TokenBuckets | None = None
    _untaken = b""
    _stall: Stall | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        if raw := transport.get_extra_info("socket"):
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
        stall_watch(self.loop).add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        stall_watch(self.loop).discard(self)
        self._untaken = b""
        super().connection_lost(exc)
        self.conn.parser.close()  # it stands still within a method of `conn`: each would keep the other

    # What it sends ---------------------------------------------------------------------------------------------------

    def get_buffer(self, _size_hint: int) -> bytearray:
        if self._leaving:
            return _unseen
        self._buffer = bytearray(READ_BYTES)
        return self._buffer

    def buffer_updated(self, size: int) -> None:
        received, self._buffer = self._buffer, bytearray()
        self._take(bytes(memoryview(received)[:size]))

    def _take(self, received: bytes) -> bool:
        """As much as there is time for; True where the rest waits until others have had their turn."""
        while received and not (self._leaving or self._is_to_rest):
            taken = LOOSE_BYTES if is_loose(received) else len(received)
            self.data_received(received[:taken])
            received = received[taken:]
        self._untaken = received
        if rests := self._leaving or self._is_to_rest:
            self._rest()
        return rests

    def _rest(self) -> None:
        """The others' turn. What comes meanwhile waits in the system, and then at the client's."""
        self._is_to_rest = False
        self.transport.pause_reading()
        self.loop.call_later(REST_SECONDS, self._go_on)

    def _go_on(self) -> None:
        if not self._leaving and self._take(self._untaken):
            return
        if self._leaving or not self.read_paused:
            self.transport.resume_reading()

    def data_received(self, data: bytes) -> None:
        if not self._leaving:
            super().data_received(data)

    def handle_text(self, event: Any) -> None:
        if event.fin or self._is_fragment_welcome():
            super().handle_text(event)

    def handle_bytes(self, event: Any) -> None:
        if event.fin or self._is_fragment_welcome():
            super().handle_bytes(event)

    def send_receive_event_to_app(self) -> None:
        if self.read_paused or self.queue.qsize() >= MESSAGES_AHEAD:
            super().send_receive_event_to_app()
            return
        self.read_paused = True  # as far as uvicorn knows: it pauses after each message
        super().send_receive_event_to_app()
        self.read_paused = False

    def handle_cont(self, event: Any) -> None:
        if len(self.frames) >= FRAGMENTS_MAX:
            self._fail(TOO_BIG, "too many fragments", Ended.FRAGMENTS)
        if self._is_fragment_welcome():
            super().handle_cont(event)

    def handle_ping(self) -> None:
        if self._is_control_welcome():
            super().handle_ping()

    def handle_pong(self, event: Any) -> None:
        if self._is_control_welcome():
            super().handle_pong(event)

    def _is_fragment_welcome(self) -> bool:
        self._fragments = self._fragments or TokenBuckets(FRAGMENTS_PER_SECOND, FRAGMENTS_BURST, self.loop.time)
        return self._is_welcome(self._fragments)

    def _is_control_welcome(self) -> bool:
        self._controls = self._controls or TokenBuckets(CONTROLS_PER_SECOND, CONTROLS_BURST, self.loop.time)
        return self._is_welcome(self._controls)

    def _is_welcome(self, budget: TokenBuckets) -> bool:
        """One frame more that is no whole message; False where it is one too many, or the client is leaving."""
        if budget.take(None).wait_seconds:
            self._fail(POLICY_VIOLATION, "too many frames", Ended.FRAMES)
        self._loose_frames += 1
        self._is_to_rest |= self._loose_frames % LOOSE_FRAMES_PER_TURN == 0
        return not self._leaving

    def handle_parser_exception(self) -> None:
        """What it sent is illegal or too large; the close frame that says so is made already."""
        tally.ended[Ended.PROTOCOL] += 1
        self._leave()

    def _fail(self, code: int, why: str, reason: Ended) -> None:
        if not self._leaving:
            tally.ended[reason] += 1
            self.conn.fail(code, why)
            self._leave()

    # What it reads ---------------------------------------------------------------------------------------------------

    def resume_writing(self) -> None:
        self._stall = None  # more is written now, so that what waits may be as much again at the next look
        super().resume_writing()

    def look(self, now: float) -> int:
        """Give up a client that has let the same bytes wait for too long; how many wait."""
        unsent = self.transport.get_write_buffer_size()
        closing = self.close_sent or self.transport.is_closing()
        if not unsent or (self.writable.is_set() and not closing):
            self._stall = None
        elif self._stall is None or unsent < self._stall.unsent:
            self._stall = Stall(unsent, now)
        elif now - self._stall.since >= (self.leave_seconds if closing else self.stall_seconds):
            self._give_up(closing)
        return unsent

    def _give_up(self, closing: bool) -> None:
        if closing:
            tally.ended[Ended.ABANDONED] += 1
            self.transport.abort()
        else:
            tally.ended[Ended.STALLED] += 1
            self._close(CloseCode.SLOW, "")

    def keepalive_timeout(self) -> None:
        """A ping behind what waits is late because the client is slow; whether it reads at all is judged above."""
        if self.transport.get_write_buffer_size() and self.ping_timeout and not self.transport.is_closing():
            self.pong_timer = self.loop.call_later(self.ping_timeout, self.keepalive_timeout)
            return
        tally.ended[Ended.PING_TIMEOUT] += 1
        super().keepalive_timeout()

    # How it leaves ---------------------------------------------------------------------------------------------------

    async def send(self, message: Any) -> None:
        """A close does not wait until a slow client has read what came before."""
        if message["type"] == "websocket.close" and self.handshake_complete:
            self._close(message.get("code", 1000), message.get("reason") or "")
        else:
            await super().send(message)
            # A handshake that was answered with a refusal is complete; uvicorn would log each as an error.
            self.handshake_complete |= message["type"] == "websocket.http.response.body" and self.close_sent

    def _close(self, code: int, why: str) -> None:
        if not self.close_sent and not self.transport.is_closing():
            self.conn.send_close(code, why)
            self._leave()

    def _leave(self) -> None:
        """Say the close that `conn` has made and that nothing follows; what still comes is read away unseen.

        Ending the connection at once would reset it, and a client that is still sending would never see the close.
        """
        said = self.conn.close_sent
        self._leaving, self.close_sent, self.frames = True, True, []
        self.stop_keepalive()
        code, reason = (said.code, said.reason) if said else (1006, "")
        self.queue.put_nowait({"type": "websocket.disconnect", "code": code, "reason": reason})
        self.transport.write(b"".join(self.conn.data_to_send()))
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self.transport.resume_reading()
        self.close_timer = self.loop.call_later(self.leave_seconds, self.transport.abort)


def is_loose(received: bytes) -> bool:
    """Whether the frame that begins here, if one does, is no whole message."""
    return not received[0] & FIN or bool(received[0] & CONTROL)
