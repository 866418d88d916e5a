"""Which event's call makes the attempt (before deployment; additive)."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("notifications", "0003_opt_out")]
    operations = [
        migrations.AddField(
            model_name="notification",
            name="begun_by",
            field=models.UUIDField(blank=True, null=True),
        ),
    ]
