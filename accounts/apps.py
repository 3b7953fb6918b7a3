from django.apps import AppConfig
from django.contrib.auth.signals import user_logged_in
from django.db.models.signals import m2m_changed, post_migrate


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = "Accounts"

    def ready(self) -> None:
        from accounts.admin_proof import proof_note
        from accounts.epoch import roles_changed
        from accounts.models import User
        from accounts.roles import roles_grant

        post_migrate.connect(roles_grant, dispatch_uid="accounts.roles_grant")
        user_logged_in.connect(proof_note, dispatch_uid="accounts.proof_note")
        m2m_changed.connect(roles_changed, User.groups.through, dispatch_uid="accounts.roles_changed")
