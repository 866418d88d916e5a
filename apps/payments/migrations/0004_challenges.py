"""Pre-deploy: 3-D Secure, and asking a silent gateway again; a key from the first commit on."""

from django.db import migrations, models


def give_keys(apps, schema_editor):
    for payment in apps.get_model("payments", "Payment").objects.filter(gateway_key=None):
        payment.gateway_key = f"charge-{payment.pk}"
        payment.save(update_fields=["gateway_key"])


class Migration(migrations.Migration):

    dependencies = [
        ('payments', '0003_gateway_states'),
    ]

    operations = [
        migrations.AddField(
            model_name='payment',
            name='asks',
            field=models.PositiveIntegerField(default=0),
        ),
        migrations.AddField(
            model_name='payment',
            name='challenge',
            field=models.CharField(blank=True, max_length=64),
        ),
        migrations.AddField(
            model_name='payment',
            name='challenge_expires_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='payment',
            name='charge_version',
            field=models.PositiveIntegerField(default=0),
        ),
        migrations.AddField(
            model_name='payment',
            name='order_path',
            field=models.CharField(blank=True, max_length=200),
        ),
        migrations.AddConstraint(
            model_name='payment',
            constraint=models.UniqueConstraint(condition=models.Q(('challenge', ''), _negated=True), fields=('challenge',), name='payments_one_payment_a_challenge'),
        ),
        migrations.RunPython(give_keys, migrations.RunPython.noop, elidable=True),
    ]
