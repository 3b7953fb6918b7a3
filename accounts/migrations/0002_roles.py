"""Make a group per role. Their permissions are granted after the migrations (`accounts/roles.py`)."""

from django.db import migrations

ROLES = ["trader", "desk_head", "compliance", "operations", "admin", "read_only"]


def roles_create(apps, schema_editor):
    groups = apps.get_model("auth", "Group").objects.using(schema_editor.connection.alias)
    for name in ROLES:
        groups.get_or_create(name=name)


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial"), ("auth", "0012_alter_user_first_name_max_length")]
    operations = [migrations.RunPython(roles_create, migrations.RunPython.noop, elidable=False)]
