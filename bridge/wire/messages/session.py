"""How do bridge and engine open a session, and how does each know that the other lives?"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from bridge.wire.messages.fields import CancelAfterMs, Epoch, Message, Micros, Seq, Session, Text
from bridge.wire.vocabulary import EngineState, RejectCode


class Hello(Message, frozen=True, kw_only=True):
    """Bridge → engine, first on every connection: from now on only `session` may send commands."""

    protocol_version: Annotated[int, Meta(ge=1, le=65535)]
    session: Session
    last_epoch: Seq  #: of the last execution report applied; 0 = none
    last_seq: Seq
    sent_at_us: Micros


class Welcome(Message, frozen=True, kw_only=True):
    """Engine → bridge: the session is the newest; `last_seq` is the engine's last report in `epoch`."""

    protocol_version: Annotated[int, Meta(ge=1, le=65535)]
    session: Session
    epoch: Epoch
    last_seq: Seq
    sent_at_us: Micros


class SessionReject(Message, frozen=True, kw_only=True):
    """Engine → bridge: Hello or a command without a valid session was refused."""

    session: Seq
    code: RejectCode
    reason: Text


class ClientHeartbeat(Message, frozen=True, kw_only=True):
    """Bridge → engine, each second, from the link thread; `cancel_after_ms` while the order core is well."""

    session: Session
    sent_at_us: Micros
    cancel_after_ms: CancelAfterMs | None = None  #: unless said again by then, every order ends; 0 = no more


class EngineHeartbeat(Message, frozen=True, kw_only=True):
    """Engine → bridge, each second on the command socket."""

    session: Session
    epoch: Epoch
    last_seq: Seq
    sent_at_us: Micros


class EngineStatus(Message, frozen=True, kw_only=True):
    """Engine → everyone, on topic `status`, at each change and each second."""

    epoch: Epoch
    state: EngineState
    sent_at_us: Micros


class TopicHeartbeat(Message, frozen=True, kw_only=True):
    """Engine → everyone, each second on every market-data topic; the envelope's seq is the topic's last one."""

    sent_at_us: Micros
