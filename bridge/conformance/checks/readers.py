"""Who gets what is published, and does one who does not read it keep the others waiting?"""

from __future__ import annotations

import time
from itertools import pairwise

import zmq

from bridge.conformance.catalogue import Catalogue
from bridge.conformance.recording import Listener, listening, topic_of
from bridge.conformance.subject import Subject
from bridge.conformance.trading import Trader, trading
from bridge.conformance.verdicts import NotRun, Unmet, require
from bridge.sockets.curve import Role
from bridge.sockets.options import configure
from bridge.wire.codec import decode_bar
from bridge.wire.envelope import Kind
from bridge.wire.faults import WireError
from bridge.wire.market import Trade
from bridge.wire.messages import Bar, NewOrder
from bridge.wire.vocabulary import Side

READERS = Catalogue()
ROUND = 50  #: orders on their way at once
#: One who reads nothing, and for whom nobody else reads: the smallest buffers, no heartbeats of its own.
SLOW: dict[int, int] = {zmq.RCVHWM: 1, zmq.RCVBUF: 2048, zmq.HEARTBEAT_IVL: 0}
MINUTE_US = 60_000_000
BAR_PATIENCE_SECONDS = 75.0
HWM = 1_000


@READERS.check("Market data")
def slow_subscriber(subject: Subject) -> str:
    """While one subscriber reads nothing, the others get every batch and commands are answered; what the slow one
    lost, it finds by the numbers."""
    with listening(subject, SLOW) as slow, listening(subject) as quick, trading(subject) as trader:
        topic, epoch = topic_of(trader.instrument), subject.instruments().epoch
        require(slow.socket.poll(int(subject.terms.patience_seconds * 1000)), "nothing was published")
        quick.until_number(topic, epoch, 0)
        for _ in range(0, subject.terms.burst_orders, ROUND):
            _burst(trader)
            quick.listen()
        trader.conversation.ping()
        last = subject.snapshot(trader.instrument.shard).seq
        quick.until_number(topic, epoch, last)
        slow.until_number(topic, epoch, last)
        received, lost = _counted(quick, topic), _counted(slow, topic)
    return f"the quick one took {received[0]} batches; the slow one {lost[0]}, and {lost[1]} are missing"


def _burst(trader: Trader) -> None:
    """Orders that come and go as fast as the connection takes them."""
    price = trader.prices().low
    orders: list[NewOrder] = [trader.order(Side.BUY, price) for _ in range(ROUND)]
    for order in orders:
        trader.conversation.say(order)
    cancels = [trader.cancel_command(order) for order in orders]
    for cancel in cancels:
        trader.conversation.say(cancel)
    trader.conversation.answer_to(cancels[-1])


def _counted(listener: Listener, topic: str) -> tuple[int, int]:
    """How many batches came, which must be in order, and how many between them did not."""
    numbers = [
        each.envelope.seq
        for each in listener.published
        if each.topic == topic and each.envelope.kind is not Kind.MESSAGE
    ]
    back = [(one, other) for one, other in pairwise(numbers) if other < one]
    require(not back, f"after batch {back[0][0] if back else 0} came {back[0][1] if back else 0}")
    return len(numbers), (numbers[-1] - numbers[0] + 1 - len(numbers)) if numbers else 0


@READERS.check("Trade, 40 bytes")
def published_trade(subject: Subject) -> str:
    """A trade of two orders is published with the price and size of their reports."""
    with listening(subject) as listener, trading(subject) as trader:
        topic, epoch = topic_of(trader.instrument), subject.instruments().epoch
        listener.until_number(topic, epoch, 0)
        _, buyer = trader.cross()
        told = [(fill.last_price_e8, fill.last_quantity_e8) for fill in trader.reports(buyer) if fill.last_quantity_e8]
        listener.until_number(topic, epoch, subject.snapshot(trader.instrument.shard).seq)
        rows = [row for each in listener.published for row in each.rows if isinstance(row, Trade)]
        identity = trader.instrument.instrument_id
        shown = {(row.price_e8, row.size_e8) for row in rows if row.instrument_id == identity}
    missing = [fill for fill in told if fill not in shown]
    require(told and not missing, f"the fills {missing or told} (price, size) were not published")
    return f"{len(told)} trades published"


@READERS.check("Bar")
def bars(subject: Subject) -> str:
    """A minute with a trade ends with a bar of it, of a whole minute and within its own high and low."""
    if not subject.terms.bars:
        raise NotRun("it takes up to a minute: ask for it with --bars")
    socket = configure(subject.context.socket(zmq.PULL), hwm=HWM)
    subject.keyring.connect(socket, Role.RECORDER, Role.ENGINE)
    socket.connect(subject.addresses.work)
    try:
        with trading(subject) as trader:
            trader.cross()
            symbol, epoch = trader.instrument.symbol, subject.instruments().epoch
            bar = _bar_of(socket, symbol)
    finally:
        socket.close()
    require(bar.epoch == epoch, f"it is of epoch {bar.epoch}, the instrument table of {epoch}")
    require(bar.start_us % MINUTE_US == 0, f"it begins at {bar.start_us}, which is no whole minute")
    require(bar.volume_e8, "nothing was traded in it")
    return f"a bar of {symbol} with {bar.volume_e8 / 1e8:g} traded"


def _bar_of(socket: zmq.Socket[bytes], symbol: str) -> Bar:
    deadline = time.monotonic() + BAR_PATIENCE_SECONDS
    while socket.poll(max(0, int((deadline - time.monotonic()) * 1000))):
        try:
            bar = decode_bar(socket.recv_multipart(zmq.NOBLOCK))
        except WireError as error:
            raise Unmet(f"a bar cannot be read: {error}") from error
        if bar.symbol == symbol:
            return bar
    raise Unmet(f"no bar of {symbol} came within {BAR_PATIENCE_SECONDS:g} s")
