from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0003_audit")]
    operations = [
        migrations.CreateModel(
            name="AccountGuesses",
            fields=[
                ("key", models.CharField(max_length=64, primary_key=True, serialize=False)),
                ("attempts", models.PositiveSmallIntegerField()),
                ("last_at", models.DateTimeField(db_index=True)),
            ],
        ),
        migrations.CreateModel(
            name="AddressGuesses",
            fields=[
                ("key", models.CharField(max_length=64, primary_key=True, serialize=False)),
                ("clear_at_us", models.BigIntegerField(db_index=True)),
            ],
        ),
    ]
