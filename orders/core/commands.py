"""Which command leaves for the engine, under which number and until when?

Commands that change the engine are claimed in the database first; a status question changes nothing and is not kept.
"""

from __future__ import annotations

from bridge.wire.messages import CancelOrder, Instrument, NewOrder, OrderStatus, OrderStatusRequest, ReplaceOrder
from bridge.wire.vocabulary import Side
from orders.core.book import Ask, Phase
from orders.core.draft import Draft
from orders.core.state import CommandKind, CommandProgress, CommandState, OrderState, Terms

ASK_AGAIN_US = 1_000_000
NO_TERMS = Terms()
UNTIMELY_US = 100_000  #: before what was answered too early or too late is asked again


def send_new_order(draft: Draft, order: OrderState, instrument: Instrument) -> None:
    terms = Terms(order.quantity_e8, order.price_e8, order.stop_price_e8)
    command = claimed(draft, CommandKind.NEW_ORDER, order, terms, order.side)
    draft.claims.put(order.id, (command.session, command.seq))
    draft.to_engine.append(
        NewOrder(
            session=command.session,
            command_seq=command.seq,
            deadline_us=command.deadline_us,
            order_id=order.id,
            account=order.account_name,
            desk=order.desk_name,
            client_order_id=order.client_order_id,
            instrument_id=instrument.instrument_id,
            side=order.side,
            order_type=order.order_type,
            time_in_force=order.time_in_force,
            quantity_e8=order.quantity_e8,
            price_e8=order.price_e8,
            stop_price_e8=order.stop_price_e8,
            expires_at_us=order.expires_at_us,
        )
    )


def send_cancel(draft: Draft, order: OrderState) -> None:
    """Repeating it is harmless."""
    command = claimed(draft, CommandKind.CANCEL_ORDER, order)
    draft.to_engine.append(
        CancelOrder(
            session=command.session,
            command_seq=command.seq,
            deadline_us=command.deadline_us,
            order_id=order.id,
            account=order.account_name,
            client_order_id=order.client_order_id,
        )
    )


def see_to_cancel(draft: Draft, order: OrderState, *, without_evidence: bool) -> None:
    """A wanted cancel is sent where the engine surely has the order; else it is asked, and sent when it has."""
    if draft.link.phase is Phase.LIVE and not without_evidence:
        send_cancel(draft, order)
    elif draft.link.phase in (Phase.LIVE, Phase.ASKING) and draft.asks.get(order.id) is None:
        ask_later(draft, order, draft.now_us)


def send_replace(draft: Draft, order: OrderState, wanted: Terms) -> None:
    command = claimed(draft, CommandKind.REPLACE_ORDER, order, wanted)
    draft.replaces.put(order.id, (command.session, command.seq))
    draft.to_engine.append(
        ReplaceOrder(
            session=command.session,
            command_seq=command.seq,
            deadline_us=command.deadline_us,
            order_id=order.id,
            account=order.account_name,
            client_order_id=order.client_order_id,
            quantity_e8=wanted.quantity_e8,
            price_e8=wanted.price_e8,
            stop_price_e8=wanted.stop_price_e8,
        )
    )


def replace_under_way(draft: Draft, order: OrderState) -> CommandState | None:
    """The change of the order whose outcome is not known yet."""
    key = draft.replaces.get(order.id)
    return draft.commands.get(key) if key else None


def replace_is_settled(draft: Draft, order: OrderState, progress: CommandProgress = CommandProgress.ANSWERED) -> None:
    """Its outcome is told; an answer that comes after is no news."""
    if command := replace_under_way(draft, order):
        draft.advance(command, progress)
    draft.replaces.drop(order.id)


def can_no_longer_arrive(command: CommandState, status: OrderStatus) -> bool:
    """The engine will not do `command` after it has said `status`."""
    return command.session < status.session or status.sent_at_us > command.deadline_us


def send_question(draft: Draft, order: OrderState) -> None:
    draft.asks.put(order.id, Ask(order.id, draft.now_us + ASK_AGAIN_US, waiting=True))
    draft.to_engine.append(
        OrderStatusRequest(
            session=draft.session,
            command_seq=draft.next_command_seq(),
            deadline_us=draft.now_us + draft.command_deadline_us,
            order_id=order.id,
            account=order.account_name,
            client_order_id=order.client_order_id,
        )
    )


def claimed(
    draft: Draft, kind: CommandKind, order: OrderState, terms: Terms = NO_TERMS, side: Side | None = None
) -> CommandState:
    command = CommandState(
        session=draft.session,
        seq=draft.next_command_seq(),
        kind=kind,
        order_id=order.id,
        deadline_us=draft.now_us + draft.command_deadline_us,
        side=side,
        terms=terms,
    )
    draft.claim(command)
    return command


def settle_if_final(draft: Draft, order: OrderState) -> None:
    """Nothing more is to be asked or sent about an order that has ended; a change under way has ended with it."""
    if order.final:
        draft.asks.drop(order.id)
        draft.claims.drop(order.id)
        replace_is_settled(draft, order)


def ask_again(draft: Draft, order: OrderState) -> None:
    """The answer came at the wrong moment; until the next one the question counts as under way."""
    draft.asks.put(order.id, Ask(order.id, draft.now_us + UNTIMELY_US, waiting=True))


def ask_later(draft: Draft, order: OrderState, due_us: int) -> None:
    draft.asks.put(order.id, Ask(order.id, due_us))
