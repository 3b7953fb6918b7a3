"""From where may users of a role, or one user, come?"""

from __future__ import annotations

import uuid
from ipaddress import ip_network

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models.people import Role, User


class AddressRule(models.Model):
    """One network that users of `role`, or `user`, may come from. Whom no rule names comes from anywhere."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    role = models.CharField(max_length=20, blank=True, choices=[(role.value, role.value) for role in Role])
    user = models.ForeignKey(User, null=True, blank=True, on_delete=models.CASCADE, related_name="address_rules")
    network = models.CharField(max_length=49, help_text="10.1.0.0/16, 192.0.2.7 or 2001:db8::/32")
    note = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(role="", user__isnull=False) | (~Q(role="") & Q(user__isnull=True)),
                name="address_rule_names_one",
            )
        ]
        indexes = [models.Index(fields=["role"], name="address_rule_role")]

    def __str__(self) -> str:
        return f"{self.role or self.user_id} from {self.network}"

    def clean(self) -> None:
        """A network as it is compared; ValidationError."""
        super().clean()
        try:
            self.network = str(ip_network(self.network.strip(), strict=False))
        except ValueError as error:
            raise ValidationError({"network": str(error)}) from error
