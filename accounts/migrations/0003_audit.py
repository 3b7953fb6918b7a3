from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0002_roles")]
    operations = [
        migrations.AddField("auditlog", "before", models.JSONField(default=dict)),
        migrations.AddField("auditlog", "after", models.JSONField(default=dict)),
        migrations.AddField("auditlog", "session_id", models.UUIDField(null=True)),
        migrations.AddField("auditlog", "request_id", models.CharField(blank=True, max_length=64)),
    ]
