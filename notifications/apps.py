from django.apps import AppConfig


class NotificationsConfig(AppConfig):
    name = "notifications"
    verbose_name = "Notifications"

    def ready(self) -> None:
        from accounts.notices import notice_given
        from notifications.inbox.security import security_told

        notice_given.connect(security_told, dispatch_uid="notifications.security_told")
