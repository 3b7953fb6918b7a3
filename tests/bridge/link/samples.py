"""One message of each kind that the link tests send about."""

from uuid import UUID

from bridge.wire.messages import CancelOrder, CommandReply, ExecutionReport
from bridge.wire.vocabulary import EngineOrderStatus, ExecType, ReplyOutcome, Side
from tests.bridge.link.conftest import SESSION

ORDER = UUID(int=1)
CANCEL = CancelOrder(
    session=SESSION, command_seq=1, deadline_us=10**15, order_id=ORDER, account="a1", client_order_id="c1"
)


def report(epoch: int, seq: int) -> ExecutionReport:
    return ExecutionReport(
        epoch=epoch,
        seq=seq,
        exec_id=f"{epoch}-{seq}",
        exec_type=ExecType.NEW,
        status=EngineOrderStatus.NEW,
        order_id=ORDER,
        account="a1",
        client_order_id="c1",
        external_order_id="x1",
        instrument_id=1,
        symbol="AAPL",
        side=Side.BUY,
        quantity_e8=1,
        cum_quantity_e8=0,
        leaves_quantity_e8=1,
        transacted_at_us=1,
    )


def reply(epoch: int, last_seq: int) -> CommandReply:
    return CommandReply(
        session=SESSION,
        command_seq=1,
        outcome=ReplyOutcome.ACCEPTED,
        epoch=epoch,
        last_seq=last_seq,
        received_at_us=1,
        sent_at_us=1,
    )
