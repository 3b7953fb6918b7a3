"""Does the engine do what it is told, once, and say so?"""

from __future__ import annotations

from functools import partial

from bridge.conformance.catalogue import Catalogue
from bridge.conformance.conversation import now_us
from bridge.conformance.subject import Subject
from bridge.conformance.trading import OPEN, OTHER_ACCOUNT, Trader, told, trading
from bridge.conformance.verdicts import Unmet, require
from bridge.wire.limits import UINT32_MAX
from bridge.wire.messages import CommandReply, ExecutionReport, NewOrder
from bridge.wire.vocabulary import EngineOrderStatus, ExecType, OrderType, RejectCode, ReplyOutcome, Side, TimeInForce

ORDERS = Catalogue()
LONG_AGO_US = 60_000_000
EXPIRE_SECONDS = (1, 2, 4, 8)  #: the first that is not over when the order arrives
ENDED = frozenset({ExecType.CANCELED, ExecType.REJECTED, ExecType.EXPIRED})


@ORDERS.check("NewOrder", core=True)
def new_order(subject: Subject) -> str:
    """A limit order far from the market is accepted, and reported `new` with all of its fields as they were given."""
    with trading(subject) as trader:
        order = trader.order(Side.BUY, trader.prices().low)
        reply = trader.place(order)
        report = trader.report(order, ExecType.NEW)
    wrong = [name for name, expected in _as_given(order, trader).items() if getattr(report, name) != expected]
    require(not wrong, f"the report differs in {', '.join(wrong)}")
    require(reply.external_order_id in (None, report.external_order_id), "reply and report name different orders")
    return f"accepted, report {report.seq}"


def _as_given(order: NewOrder, trader: Trader) -> dict[str, object]:
    names = ("order_id", "account", "client_order_id", "instrument_id", "side", "quantity_e8", "price_e8")
    given: dict[str, object] = {name: getattr(order, name) for name in names}
    given |= {"leaves_quantity_e8": order.quantity_e8, "cum_quantity_e8": 0, "stop_price_e8": None}
    return given | {"symbol": trader.instrument.symbol, "status": EngineOrderStatus.NEW}


@ORDERS.check("Commands", core=True)
def duplicate_order(subject: Subject) -> str:
    """A new order for a client order id that is held is answered `duplicate`, also after its deadline and after the
    order's end, and not done again."""
    with trading(subject) as trader:
        order = trader.rest()
        _repeated(trader, order, "while it is open")
        require(trader.cancel(order).outcome is ReplyOutcome.ACCEPTED, "the order could not be canceled")
        _repeated(trader, order, "after its end")
        trader.status(order)
        count = len({report.seq for report in trader.conversation.reports() if report.exec_type is ExecType.NEW})
    require(count == 1, f"one order was sent three times, {count} were reported new")
    return "duplicate both times, also past its deadline; one report new"


def _repeated(trader: Trader, order: NewOrder, when: str) -> None:
    reply = trader.conversation.reply_to(trader.again(order, deadline_us=now_us() - LONG_AGO_US))
    require(reply.outcome is ReplyOutcome.DUPLICATE, f"a repeat {when} was answered {told(reply)}")


@ORDERS.check("Commands", core=True)
def late_command(subject: Subject) -> str:
    """A command past its deadline is rejected with DEADLINE_PASSED, and nothing is done."""
    with trading(subject) as trader:
        order = trader.order(Side.BUY, trader.prices().low, deadline_us=now_us() - LONG_AGO_US)
        reply = trader.conversation.reply_to(order)
        require(reply.code is RejectCode.DEADLINE_PASSED, f"an order a minute late was answered {told(reply)}")
        require(not trader.status(order).known, "the order that came late is held")
        require(not trader.reports(order), "the order that came late was reported")
    return told(reply)


@ORDERS.check("Codes")
def refused_orders(subject: Subject) -> str:
    """Off tick, off lot and an unknown instrument are rejected with their codes, and leave no order."""
    with trading(subject) as trader:
        low, row = trader.prices().low, trader.instrument
        orders = {RejectCode.UNKNOWN_INSTRUMENT: trader.order(Side.BUY, low, instrument_id=UINT32_MAX)}
        if row.tick_e8 > 1:
            orders[RejectCode.OFF_TICK] = trader.order(Side.BUY, low + 1)
        if row.lot_e8 > 1:
            orders[RejectCode.OFF_LOT] = trader.order(Side.BUY, low, quantity_e8=row.lot_e8 + 1)
        for code, order in orders.items():
            reply = trader.conversation.reply_to(order)
            require(reply.code is code, f"an order to be refused with {code} was answered {told(reply)}")
            require(not trader.status(order).known, f"the order refused with {code} is held")
    return ", ".join(orders)


@ORDERS.check("CancelOrder", core=True)
def cancel_order(subject: Subject) -> str:
    """A cancel is accepted and reported `canceled`; again it is ORDER_FINAL, with another order id UNKNOWN_ORDER."""
    with trading(subject) as trader:
        order, other = trader.rest(), trader.rest()
        stranger = trader.cancel(order, order_id=other.order_id)
        require(stranger.code is RejectCode.UNKNOWN_ORDER, f"the cancel of an unknown order: {told(stranger)}")
        first = trader.cancel(order)
        require(first.outcome is ReplyOutcome.ACCEPTED, f"the cancel of an open order: {told(first)}")
        report = trader.report(order, ExecType.CANCELED)
        require(report.leaves_quantity_e8 == 0, f"a canceled order has {report.leaves_quantity_e8} left")
        again = trader.cancel(order)
        require(again.code is RejectCode.ORDER_FINAL, f"the cancel of a canceled order: {told(again)}")
    return "accepted, then ORDER_FINAL; UNKNOWN_ORDER for a stranger"


@ORDERS.check("OrderStatus", core=True)
def order_status(subject: Subject) -> str:
    """Status, quantities and price of an order are told as they are; another order id is not known."""
    with trading(subject) as trader:
        order = trader.rest()
        held, stranger = trader.status(order), trader.status(trader.rest(), order_id=order.order_id)
        trader.cancel(order)
        ended = trader.status(order)
    seen = (held.known, held.status, held.cum_quantity_e8, held.leaves_quantity_e8, held.price_e8, held.order_id)
    expected = (True, EngineOrderStatus.NEW, 0, order.quantity_e8, order.price_e8, order.order_id)
    require(seen == expected, f"of an order at rest: {_in_words(seen)}; {_in_words(expected)} expected")
    require(not stranger.known, "an order is known by the id of another")
    require(ended.status is EngineOrderStatus.CANCELED, f"a canceled order is {ended.status}")
    require(ended.leaves_quantity_e8 == 0, f"a canceled order has {ended.leaves_quantity_e8} left")
    return "new, canceled; unknown under another id"


def _in_words(values: tuple[object, ...]) -> str:
    return ", ".join(map(str, values))


@ORDERS.check("What happened")
def trade(subject: Subject) -> str:
    """Two orders that cross trade: reports `trade` of both sides, whose quantities add up and whose price is within
    the limit."""
    with trading(subject) as trader:
        seller, buyer = trader.cross()
        fills = [report for report in trader.reports(buyer) if report.exec_type is ExecType.TRADE]
        require(fills, "the buyer is filled without a report `trade`")
        _adds_up(trader, buyer)
        _adds_up(trader, seller)
    worst = max(report.last_price_e8 for report in fills)
    require(worst <= (buyer.price_e8 or 0), f"a buyer at {buyer.price_e8} was filled at {worst}")
    return f"filled in {len(fills)} trades"


def _adds_up(trader: Trader, order: NewOrder) -> None:
    """The executions of `order` make its quantities."""
    filled = 0
    for report in trader.reports(order):
        filled += report.last_quantity_e8 if report.exec_type is ExecType.TRADE else 0
        told_e8 = report.cum_quantity_e8
        require(filled == told_e8, f"trades of {filled} and cumQuantityE8 {told_e8} in report {report.seq}")


@ORDERS.check("What happened")
def immediate_order(subject: Subject) -> str:
    """An `ioc` and a `fok` order that find nobody at their price end at once, without a trade."""
    with trading(subject) as trader:
        seen = [_nobody_there(trader, force) for force in (TimeInForce.IOC, TimeInForce.FOK)]
    return ", ".join(seen)


def _nobody_there(trader: Trader, force: TimeInForce) -> str:
    order = trader.order(Side.BUY, trader.prices().low, time_in_force=force)
    reply = trader.conversation.reply_to(order)
    if reply.outcome is ReplyOutcome.REJECTED:
        require(not trader.status(order).known, f"a rejected {force} order is held")
        return f"{force} {told(reply)}"
    status = trader.status(order)
    require(status.status not in OPEN, f"an {force} order is {status.status}")
    last = trader.reports(order)[-1]
    require(last.exec_type in ENDED, f"the last report of an {force} order is {last.exec_type}")
    return f"{force} {last.exec_type}"


@ORDERS.check("What happened")
def expiring_order(subject: Subject) -> str:
    """A `gtd` order is reported `expired` when its time has come."""
    with trading(subject) as trader:
        order = _expiring(trader)
        report, expires_at_us = trader.report(order, ExecType.EXPIRED), order.expires_at_us or 0
    require(report.transacted_at_us >= expires_at_us, "it expired too early")
    require(report.leaves_quantity_e8 == 0, f"an expired order has {report.leaves_quantity_e8} left")
    return f"expired {(report.transacted_at_us - expires_at_us) / 1000:.0f} ms after its time"


def _expiring(trader: Trader) -> NewOrder:
    """An order that will expire soon, though not before it arrives."""
    price = trader.prices().low
    for seconds in EXPIRE_SECONDS:
        expires_at_us = now_us() + seconds * 1_000_000
        order = trader.order(Side.BUY, price, time_in_force=TimeInForce.GTD, expires_at_us=expires_at_us)
        if trader.conversation.reply_to(order).outcome is ReplyOutcome.ACCEPTED:
            return order
    raise Unmet(f"an order that expires in {EXPIRE_SECONDS[-1]} s was not accepted")


@ORDERS.check("NewOrder")
def stop_order(subject: Subject) -> str:
    """A stop order far from the market waits: it is reported `new`, told with its stop price, and can be canceled."""
    with trading(subject) as trader:
        stop = trader.prices().high
        order = trader.order(Side.BUY, None, order_type=OrderType.STOP, stop_price_e8=stop)
        trader.place(order)
        trader.report(order, ExecType.NEW)
        status = trader.status(order)
        require(status.status is EngineOrderStatus.NEW, f"it is {status.status}")
        require(status.stop_price_e8 == stop, f"its stop price is told as {status.stop_price_e8}, not {stop}")
        reply = trader.cancel(order)
        require(reply.outcome is ReplyOutcome.ACCEPTED, f"its cancel was answered {told(reply)}")
    return "new, then canceled"


@ORDERS.check("ReplaceOrder")
def replace_order(subject: Subject) -> str:
    """A new total and price are accepted and reported `replaced` with what the order is now; what cannot be done is
    rejected and changes nothing."""
    with trading(subject) as trader:
        order, tick = trader.rest(), trader.instrument.tick_e8
        quantity, price = 2 * order.quantity_e8, (order.price_e8 or 0) + tick
        reply = trader.replace(order, quantity_e8=quantity, price_e8=price)
        require(reply.outcome is ReplyOutcome.ACCEPTED, f"the replace of an open order: {told(reply)}")
        report = trader.report(order, ExecType.REPLACED)
        _is_now(report, quantity, price)
        refused = trader.replace(order, stop_price_e8=price)
        require(refused.code is RejectCode.INVALID_ORDER, f"a stop price for a limit order: {told(refused)}")
        held = trader.status(order)
        require((held.leaves_quantity_e8, held.price_e8) == (quantity, price), "the refused replace changed the order")
        trader.cancel(order)
        late = trader.replace(order, price_e8=price)
        require(late.code is RejectCode.ORDER_FINAL, f"the replace of a canceled order: {told(late)}")
    return "replaced; INVALID_ORDER and ORDER_FINAL where it cannot be"


def _is_now(report: ExecutionReport, quantity: int, price: int) -> None:
    seen = (report.quantity_e8, report.leaves_quantity_e8, report.price_e8)
    expected = (quantity, quantity, price)
    require(
        seen == expected, f"total, rest and price are reported as {_in_words(seen)}, {_in_words(expected)} expected"
    )


@ORDERS.check("CancelOrder")
def cancel_fill_race(subject: Subject) -> str:
    """A cancel that meets a fill has one outcome: canceled and accepted, or filled and ORDER_FINAL; the quantities
    add up."""
    outcomes: dict[str, int] = {}
    with trading(subject) as trader:
        for number in range(RACES):
            outcome = _race(trader, cancel_first=bool(number % 2))
            outcomes[outcome] = outcomes.get(outcome, 0) + 1
    return ", ".join(f"{count} × {outcome}" for outcome, count in outcomes.items())


RACES = 10


def _race(trader: Trader, *, cancel_first: bool) -> str:
    prices, conversation = trader.prices(), trader.conversation
    seller = trader.order(Side.SELL, prices.here)
    trader.place(seller)
    quantity = prices.offered_e8 + seller.quantity_e8  # others may stand before us
    buyer = partial(trader.order, Side.BUY, prices.here, account=OTHER_ACCOUNT, quantity_e8=quantity)
    canceler = partial(trader.cancel_command, seller)
    commands = [make() for make in ((canceler, buyer) if cancel_first else (buyer, canceler))]
    for command in commands:
        conversation.say(command)
    replies = [conversation.reply_of(command) for command in commands]
    status = trader.status(seller)
    _one_outcome(trader, seller, replies[0 if cancel_first else 1])
    require(status.status in (EngineOrderStatus.FILLED, EngineOrderStatus.CANCELED), f"the order is {status.status}")
    trader.tidy()
    return str(status.status)


def _one_outcome(trader: Trader, order: NewOrder, cancel: CommandReply) -> None:
    reports = trader.reports(order)
    ends = [report for report in reports if report.status not in OPEN]
    told_of = ", ".join(report.exec_type for report in reports)
    require(len(ends) == 1 and ends[0] is reports[-1], f"the reports of a canceled and filled order: {told_of}")
    _adds_up(trader, order)
    canceled = ends[0].exec_type is ExecType.CANCELED
    fits = cancel.outcome is ReplyOutcome.ACCEPTED if canceled else cancel.code is RejectCode.ORDER_FINAL
    require(fits, f"the order was {ends[0].status}; its cancel was answered {told(cancel)}")
