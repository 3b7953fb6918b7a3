import uuid

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

ROLES = ["trader", "desk_head", "compliance", "operations", "admin", "read_only"]


class Migration(migrations.Migration):
    dependencies = [("accounts", "0008_entitlement_updated")]
    operations = [
        migrations.AddField("user", "epoch", models.PositiveIntegerField(default=0, editable=False)),
        migrations.AddField(
            "session",
            "name",
            models.CharField(blank=True, default="", help_text="As its user calls it.", max_length=60),
            preserve_default=False,
        ),
        migrations.AddField("socketticket", "ip_address", models.GenericIPAddressField(null=True)),
        migrations.CreateModel(
            name="AddressRule",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("role", models.CharField(blank=True, choices=[(role, role) for role in ROLES], max_length=20)),
                ("network", models.CharField(help_text="10.1.0.0/16, 192.0.2.7 or 2001:db8::/32", max_length=49)),
                ("note", models.CharField(blank=True, max_length=200)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                (
                    "user",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="address_rules",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["role"], name="address_rule_role")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("role", ""), ("user__isnull", False)),
                            models.Q(models.Q(("role", ""), _negated=True), ("user__isnull", True)),
                            _connector="OR",
                        ),
                        name="address_rule_names_one",
                    )
                ],
            },
        ),
    ]
