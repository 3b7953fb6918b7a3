from django.apps import AppConfig
from django.db.models.signals import post_migrate


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = "Accounts"

    def ready(self) -> None:
        from accounts import schema  # noqa: F401  # registers the OpenAPI description of our tokens
        from accounts.roles import roles_grant
        from accounts.sockets.watch import sockets_shut_down
        from tradingmw.lifespan import on_stopping

        on_stopping(sockets_shut_down)
        post_migrate.connect(roles_grant, dispatch_uid="accounts.roles_grant")
