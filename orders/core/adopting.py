"""What is done with a report of an order that was not sent from here? The order is taken in, and people are alarmed.

It trades on an account of ours, so it must be seen, counted and cancelled like any other: its account's user has it
among his orders, compliance finds it as external. What the engine does not tell is not made up: type and life are the
plainest that fit. Where the account, the instrument or the client order id forbid it, the report is set aside.
"""

from __future__ import annotations

from bridge.wire.messages import ExecutionReport, Instrument
from bridge.wire.vocabulary import OrderType, TimeInForce
from orders.core.auditing import Audit
from orders.core.draft import Draft
from orders.core.quarantine import quarantine, report_facts
from orders.core.state import Cursor, OrderState
from orders.lifecycle import OrderEvent
from orders.requests import Caller

#: by whether it has a limit price, a stop price
TYPES = {
    (False, False): OrderType.MARKET,
    (True, False): OrderType.LIMIT,
    (False, True): OrderType.STOP,
    (True, True): OrderType.STOP_LIMIT,
}


def adopt(draft: Draft, report: ExecutionReport) -> OrderState | None:
    """The order before what the report tells of it; None where it was quarantined."""
    owner = draft.book.owners.get(report.account)
    instrument = draft.instruments.get(report.symbol)
    if owner is None or instrument is None:
        quarantine(draft, report, "The order is not known here, nor is its account or instrument.")
    elif draft.client_ids.get((owner.account, report.client_order_id)):
        quarantine(draft, report, "The order is not known here, its client order id belongs to another.")
    else:
        return taken_in(draft, external_order(draft, report, owner, instrument), report)
    return None


def taken_in(draft: Draft, order: OrderState, report: ExecutionReport) -> OrderState:
    source = Cursor(report.epoch, report.seq)
    after = draft.happen(order, OrderEvent.ADOPTED, source=source, external_order_id=report.external_order_id)
    draft.client_ids.put((after.account, after.client_order_id), after.id)
    draft.audits.append(Audit(after.user, "order.adopted", str(after.id), None, report_facts(report)))
    draft.alarm("The engine holds an order that was not sent from here", **report_facts(report))
    return after


def external_order(draft: Draft, report: ExecutionReport, owner: Caller, instrument: Instrument) -> OrderState:
    return OrderState(
        id=report.order_id,
        user=owner.user,
        account=owner.account,
        account_name=owner.account_name,
        desk=owner.desk,
        desk_name=owner.desk_name,
        client_order_id=report.client_order_id,
        fingerprint="",
        symbol=report.symbol,
        exchange=instrument.exchange,
        side=report.side,
        order_type=TYPES[report.price_e8 is not None, report.stop_price_e8 is not None],
        time_in_force=TimeInForce.DAY,
        quantity_e8=report.quantity_e8,
        price_e8=report.price_e8,
        stop_price_e8=report.stop_price_e8,
        engine_epoch=report.epoch,
        external=True,
        created_at_us=draft.now_us,
        updated_at_us=draft.now_us,
    )
