"""What may compliance staff see of the order route? Everything, and change nothing but limits, by two of them."""

from __future__ import annotations

from django.contrib import admin

from orders.limits.admin import RiskLimitAdmin as RiskLimitAdmin
from orders.models import (
    CancelAfterTimer,
    EngineCommand,
    EngineCursor,
    Execution,
    GuardedSession,
    Lease,
    Order,
    OrderHistory,
    Position,
    QuarantinedReport,
    Reconciliation,
    ReconciliationDifference,
)
from orders.states.admin import TradingRestrictionAdmin as TradingRestrictionAdmin
from tradingmw.read_only import ReadOnlyAdmin


@admin.register(Order)
class OrderAdmin(ReadOnlyAdmin):
    list_display = ["created_at", "client_order_id", "user", "symbol", "side", "quantity", "price", "status", "reason"]
    list_filter = ["external", "status", "symbol", "side"]
    search_fields = ["client_order_id", "external_order_id", "user__username"]
    list_select_related = ["user"]
    ordering = ["-created_at"]


@admin.register(OrderHistory)
class OrderHistoryAdmin(ReadOnlyAdmin):
    list_display = ["timestamp", "order", "number", "kind", "status", "reason", "engine_epoch", "engine_seq"]
    list_filter = ["kind"]
    list_select_related = ["order"]
    ordering = ["-timestamp"]


@admin.register(Execution)
class ExecutionAdmin(ReadOnlyAdmin):
    list_display = ["executed_at", "exec_id", "user", "symbol", "side", "quantity", "price", "status", "superseded_by"]
    list_filter = ["status", "symbol", "side"]
    search_fields = ["exec_id", "user__username"]
    list_select_related = ["user"]
    ordering = ["-executed_at"]


@admin.register(Position)
class PositionAdmin(ReadOnlyAdmin):
    list_display = ["account", "symbol", "quantity", "average_price", "realized_pnl", "updated_at"]
    list_filter = ["symbol"]
    list_select_related = ["account"]


@admin.register(EngineCommand)
class EngineCommandAdmin(ReadOnlyAdmin):
    list_display = ["session", "seq", "kind", "order", "side", "quantity", "price", "progress", "created_at"]
    list_filter = ["kind", "progress"]
    list_select_related = ["order"]
    ordering = ["-session", "-seq"]


@admin.register(QuarantinedReport)
class QuarantinedReportAdmin(ReadOnlyAdmin):
    list_display = ["received_at", "engine_epoch", "engine_seq", "order_id", "reason"]
    ordering = ["-received_at"]


@admin.register(Reconciliation)
class ReconciliationAdmin(ReadOnlyAdmin):
    list_display = ["began_at", "cause", "outcome", "ended_at", "here", "engine", "repaired", "flagged", "gone"]
    list_filter = ["cause", "outcome"]
    ordering = ["-began_at"]


@admin.register(ReconciliationDifference)
class ReconciliationDifferenceAdmin(ReadOnlyAdmin):
    list_display = ["found_at", "account", "client_order_id", "kind", "here", "engine", "finding", "reconciliation"]
    list_filter = ["kind", "finding"]
    search_fields = ["client_order_id", "account"]
    list_select_related = ["reconciliation"]
    ordering = ["-found_at"]


@admin.register(GuardedSession)
class GuardedSessionAdmin(ReadOnlyAdmin):
    list_display = ["set_at", "user", "account", "session_id", "scope", "grace_us", "fired"]
    list_filter = ["scope", "fired"]
    search_fields = ["user__username"]
    list_select_related = ["user", "account"]
    ordering = ["-set_at"]


@admin.register(CancelAfterTimer)
class CancelAfterTimerAdmin(ReadOnlyAdmin):
    list_display = ["trigger_at", "account", "user", "set_at"]
    list_select_related = ["account", "user"]
    ordering = ["trigger_at"]


@admin.register(Lease)
class LeaseAdmin(ReadOnlyAdmin):
    list_display = ["fence", "holder_address", "renewed"]


@admin.register(EngineCursor)
class EngineCursorAdmin(ReadOnlyAdmin):
    list_display = ["epoch", "seq"]
