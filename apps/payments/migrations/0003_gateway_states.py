"""Pre-deploy: the mock gateway's charges and refunds have states; old ones were decided at once."""

import django.db.models.deletion
from django.db import migrations, models


def decline(apps, schema_editor):
    charges = apps.get_model("payments", "GatewayCharge").objects
    charges.exclude(code="").update(status="declined")


class Migration(migrations.Migration):

    dependencies = [
        ('payments', '0002_webhooks'),
    ]

    operations = [
        migrations.AddField(
            model_name='gatewaycharge',
            name='asked',
            field=models.PositiveIntegerField(default=0),
        ),
        migrations.AddField(
            model_name='gatewaycharge',
            name='challenge',
            field=models.CharField(max_length=64, null=True, unique=True),
        ),
        migrations.AddField(
            model_name='gatewaycharge',
            name='expires_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='gatewaycharge',
            name='reference',
            field=models.CharField(blank=True, max_length=64),
        ),
        migrations.AddField(
            model_name='gatewaycharge',
            name='status',
            field=models.CharField(choices=[('captured', 'captured'), ('declined', 'declined'), ('challenged', 'waits for the shopper (3-D Secure)'), ('cancelled', 'closed before anything was taken'), ('broken', 'the gateway fails; nothing is decided'), ('lost', 'nobody works on it')], default='captured', max_length=16),
        ),
        migrations.AddField(
            model_name='gatewaycharge',
            name='told',
            field=models.BooleanField(default=True),
        ),
        migrations.AddField(
            model_name='gatewaycharge',
            name='version',
            field=models.PositiveIntegerField(default=1),
        ),
        migrations.AddField(
            model_name='gatewayrefund',
            name='message',
            field=models.CharField(blank=True, max_length=200),
        ),
        migrations.AddField(
            model_name='gatewayrefund',
            name='reference',
            field=models.CharField(blank=True, max_length=64),
        ),
        migrations.AddField(
            model_name='gatewayrefund',
            name='status',
            field=models.CharField(choices=[('done', 'done'), ('failed', 'failed')], default='done', max_length=16),
        ),
        migrations.AddField(
            model_name='gatewayrefund',
            name='told',
            field=models.BooleanField(default=True),
        ),
        migrations.AddField(
            model_name='gatewayrefund',
            name='version',
            field=models.PositiveIntegerField(default=1),
        ),
        migrations.AlterField(
            model_name='gatewaycharge',
            name='card',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, to='payments.gatewaycard'),
        ),
        migrations.RunPython(decline, migrations.RunPython.noop, elidable=True),
    ]
