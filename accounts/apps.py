from django.apps import AppConfig
from django.db.models.signals import m2m_changed, post_migrate


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = "Accounts"

    def ready(self) -> None:
        from accounts.epoch import roles_changed
        from accounts.models import User
        from accounts.roles import roles_grant

        post_migrate.connect(roles_grant, dispatch_uid="accounts.roles_grant")
        m2m_changed.connect(roles_changed, User.groups.through, dispatch_uid="accounts.roles_changed")
