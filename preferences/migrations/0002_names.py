"""Names become unique per user. Rows from before are given their keys; of equal names all but one keep a key of their own
until they are renamed."""

from django.conf import settings
from django.db import migrations, models

from preferences.naming import name_key


def fill(apps, schema_editor):
    for name in ("Watchlist", "Workspace"):
        seen = set()
        for row in apps.get_model("preferences", name).objects.only("id", "user_id", "name").iterator():
            key = name_key(row.name)
            if (row.user_id, key) in seen:
                key = name_key(f"{row.name} {row.id}")
            seen.add((row.user_id, key))
            row.name_key = key
            row.save(update_fields=["name_key"])


class Migration(migrations.Migration):

    dependencies = [
        ('preferences', '0001_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name='watchlist',
            name='name_key',
            field=models.CharField(default='', editable=False, max_length=64),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name='workspace',
            name='name_key',
            field=models.CharField(default='', editable=False, max_length=64),
            preserve_default=False,
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
        migrations.AddConstraint(
            model_name='watchlist',
            constraint=models.UniqueConstraint(fields=('user', 'name_key'), name='watchlist_name_once'),
        ),
        migrations.AddConstraint(
            model_name='workspace',
            constraint=models.UniqueConstraint(fields=('user', 'name_key'), name='workspace_name_once'),
        ),
    ]
