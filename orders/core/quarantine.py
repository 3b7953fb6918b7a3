"""What is done with a report that cannot be applied? It is set aside with an alarm: never lost, never fatal."""

from __future__ import annotations

from bridge.wire.messages import ExecutionReport
from orders.core.draft import Draft
from orders.core.outcomes import Quarantined


def quarantine(draft: Draft, report: ExecutionReport, reason: str) -> None:
    draft.quarantined.append(Quarantined(report, reason))
    draft.alarm("An execution report was quarantined", why=reason, **report_facts(report))


def report_facts(report: ExecutionReport) -> dict[str, object]:
    return {
        "order_id": str(report.order_id),
        "client_order_id": report.client_order_id,
        "exec_id": report.exec_id,
        "exec_type": report.exec_type.value,
        "engine_epoch": report.epoch,
        "engine_seq": report.seq,
    }


def engine_words(report: ExecutionReport) -> dict[str, str]:
    """The engine's own code and reason, where it gives any."""
    words = {"engineCode": report.code.value} if report.code else {}
    return {**words, "engineReason": report.reason} if report.reason else words
