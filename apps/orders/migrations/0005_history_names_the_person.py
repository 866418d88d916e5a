"""Which person of the staff moved an order (before deployment; additive)."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("orders", "0004_parts_within_their_whole")]
    operations = [
        migrations.AddField(
            model_name='statuschange',
            name='actor',
            field=models.CharField(blank=True, db_default='', default='', max_length=80),
        ),
    ]
