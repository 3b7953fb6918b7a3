"""Does the engine open sessions, fence off the older ones, and say that it lives?"""

from __future__ import annotations

from bridge.conformance.catalogue import Catalogue
from bridge.conformance.conversation import Conversation
from bridge.conformance.subject import Subject
from bridge.conformance.trading import Trader, trading
from bridge.conformance.verdicts import require
from bridge.wire.codec import encode
from bridge.wire.envelope import LAYOUT, VERSION
from bridge.wire.messages import PROTOCOL_VERSION, EngineHeartbeat, Hello
from bridge.wire.vocabulary import ExecType, RejectCode, Side

BEATS = 3
SESSION = Catalogue()


@SESSION.check("Welcome", core=True)
def welcome(subject: Subject) -> str:
    """Hello is answered by Welcome: version 1, the session that was said, the epoch that the instrument table has."""
    with subject.connected() as conversation:
        answer = conversation.hello()
    told = f"version {answer.protocol_version}, session {answer.session}, epoch {answer.epoch}"
    require(answer.protocol_version == PROTOCOL_VERSION, f"Welcome says {told}")
    require(answer.session == conversation.session, f"Hello of session {conversation.session}; Welcome says {told}")
    epoch = subject.instruments().epoch
    require(answer.epoch == epoch, f"Welcome says epoch {answer.epoch}, the instrument table {epoch}")
    return told


@SESSION.check("Session", core=True)
def versions(subject: Subject) -> str:
    """A Hello of version 2 is refused with VERSION_MISMATCH, by its field as by its envelope, and not taken."""
    with subject.welcomed() as present, subject.connected() as newer:
        newer.say_hello(PROTOCOL_VERSION + 1)
        code = newer.refusal().code
        require(code is RejectCode.VERSION_MISMATCH, f"a Hello of protocolVersion 2 was refused with {code}")
        header, payload = encode(_hello(newer, PROTOCOL_VERSION))
        magic, _, *rest = LAYOUT.unpack(header)
        reject = newer.refused_frames([LAYOUT.pack(magic, VERSION + 1, *rest), payload], "an envelope of version 2")
        require(reject.code is RejectCode.VERSION_MISMATCH, f"an envelope of version 2 was refused with {reject.code}")
        require(reject.session == 0, f"an envelope of version 2 was refused to session {reject.session}, 0 expected")
        present.ping()
    return "VERSION_MISMATCH both times; the session before goes on"


def _hello(conversation: Conversation, version: int) -> Hello:
    return Hello(protocol_version=version, session=conversation.session, last_epoch=0, last_seq=0, sent_at_us=0)


@SESSION.check("Session", core=True)
def hello_first(subject: Subject) -> str:
    """A command before Hello is refused with NO_SESSION and not done."""
    instrument = subject.instrument()
    with subject.connected() as conversation:
        trader = Trader(subject, conversation, instrument)
        order = trader.order(Side.BUY, trader.prices().low)
        reject = conversation.refused(order)
        require(reject.code is RejectCode.NO_SESSION, f"it was refused with {reject.code}")
        conversation.hello()
        require(not trader.status(order).known, "the order that was sent before Hello is held")
    return "NO_SESSION; the order is not known"


@SESSION.check("Session", core=True)
def session_fence(subject: Subject) -> str:
    """Once a newer session is welcomed, commands and Hello of the older one are refused with STALE_SESSION; reports
    go to the newer one alone."""
    with trading(subject) as older, trading(subject) as newer:
        late = older.order(Side.BUY, older.prices().low)
        for message in (late, _hello(older.conversation, PROTOCOL_VERSION)):
            reject = older.conversation.refused(message)
            named = type(message).__name__
            require(reject.code is RejectCode.STALE_SESSION, f"{named} of the older session: {reject.code}")
        require(not newer.status(late).known, "the order of the older session is held")
        newer.rest()
        older.conversation.hear()
        require(not older.conversation.reports(), "a report went to the older session")
    return "STALE_SESSION for NewOrder and Hello; reports came to the newer session only"


@SESSION.check("Session", core=True)
def hello_again(subject: Subject) -> str:
    """The same session may say Hello again on a new connection, which takes the place of the old one."""
    with subject.welcomed() as first:
        pass
    with subject.welcomed(first.session) as second:
        second.ping()
    return f"session {first.session} was welcomed twice and served"


@SESSION.check("EngineHeartbeat", core=True)
def engine_heartbeat(subject: Subject) -> str:
    """The engine sends heartbeats of the session and epoch, with the number of its last report."""
    with trading(subject) as trader:
        order, conversation = trader.rest(), trader.conversation
        last_seq = trader.report(order, ExecType.NEW).seq
        begin = len(conversation.heard)

        def beats() -> list[EngineHeartbeat]:
            return [each for each in conversation.heard[begin:] if isinstance(each, EngineHeartbeat)]

        conversation.wait_until(lambda: beats()[BEATS - 1 :] or None, f"{BEATS} heartbeats")
        epoch, told = conversation.welcome.epoch, beats()[-1]
    require(told.session == conversation.session, f"a heartbeat of session {told.session}, not {conversation.session}")
    require(told.epoch == epoch, f"a heartbeat of epoch {told.epoch}, not {epoch}")
    require(told.last_seq >= last_seq, f"a heartbeat says {told.last_seq} after report {last_seq}")
    return f"{BEATS} heartbeats; the last says report {told.last_seq}"
