from django.apps import AppConfig


class NotificationsConfig(AppConfig):
    name = "notifications"
    verbose_name = "Notifications"

    def ready(self) -> None:
        from notifications.schedule.canary import worker_check
        from tradingmw.health import ready_check

        ready_check("worker", worker_check)
