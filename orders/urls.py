"""Which paths does this app serve? Reading and writing verbs of one path come from `api.read` and `api.write`."""

from django.urls import URLPattern, URLResolver, path, re_path

from orders.api import read
from orders.api.approvals import OrderApprovalsView, OrderDecisionView
from orders.api.preview import OrderPreview
from orders.api.safeguards import CancelAfterView
from orders.api.write import OrdersWrite, OrderWrite
from orders.groups.api import OrderBasketView, OrderGroupsView, OrderGroupView, PositionsCloseView
from orders.limits.api import LimitDecisionView, LimitsView, LimitView
from orders.states.api import TradingStateView


class OrdersView(OrdersWrite, read.OrdersRead):
    """`/orders`"""


class OrderView(OrderWrite, read.OrderRead):
    """`/orders/{id}`"""


urlpatterns: list[URLPattern | URLResolver] = [
    path("orders", OrdersView.as_view(), name="orders"),
    re_path(
        r"^orders/by-client-id/(?P<client_order_id>[A-Za-z0-9_.:-]{1,48})$",
        read.OrderByClientIdView.as_view(),
        name="order-by-client-id",
    ),
    path("orders/cancel-after", CancelAfterView.as_view(), name="orders-cancel-after"),
    path("orders/approvals", OrderApprovalsView.as_view(), name="orders-approvals"),
    path("orders/preview", OrderPreview.as_view(), name="order-preview"),
    path("orders/basket", OrderBasketView.as_view(), name="orders-basket"),
    path("orders/groups", OrderGroupsView.as_view(), name="order-groups"),
    path("orders/groups/<uuid:group_id>", OrderGroupView.as_view(), name="order-group"),
    path("orders/<uuid:order_id>", OrderView.as_view(), name="order"),
    path("orders/<uuid:order_id>/history", read.OrderHistoryView.as_view(), name="order-history"),
    path("orders/<uuid:order_id>/decision", OrderDecisionView.as_view(), name="order-decision"),
    path("executions", read.ExecutionsView.as_view(), name="executions"),
    path("positions/close", PositionsCloseView.as_view(), name="positions-close"),
    path("positions", read.PositionsView.as_view(), name="positions"),
    path("trading-state", TradingStateView.as_view(), name="trading-state"),
    path("limits", LimitsView.as_view(), name="limits"),
    path("limits/<uuid:limit_id>", LimitView.as_view(), name="limit"),
    path("limits/<uuid:limit_id>/decision", LimitDecisionView.as_view(), name="limit-decision"),
]
