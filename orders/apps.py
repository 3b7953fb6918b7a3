from django.apps import AppConfig


class OrdersConfig(AppConfig):
    name = "orders"
    verbose_name = "Orders"

    def ready(self) -> None:
        from orders.health import order_bridge_check
        from tradingmw.health import ready_check

        ready_check("order bridge", order_bridge_check)
