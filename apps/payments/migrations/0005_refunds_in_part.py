"""Pre-deploy: refunds by staff, in part, and ones that fail later."""

from decimal import Decimal
from django.db import migrations, models
import django.db.models.functions.math
import django.db.models.expressions


def reserve(apps, schema_editor):
    for refund in apps.get_model("payments", "Refund").objects.filter(status="requested"):
        refund.payment.refunding_amount += refund.amount
        refund.payment.save(update_fields=["refunding_amount"])


class Migration(migrations.Migration):

    dependencies = [
        ('payments', '0004_challenges'),
    ]

    operations = [
        migrations.AlterModelOptions(
            name='payment',
            options={'permissions': [('refund_payment', 'Can give captured money back')]},
        ),
        migrations.AlterModelOptions(
            name='refund',
            options={'ordering': ['pk']},
        ),
        migrations.RemoveConstraint(
            model_name='refund',
            name='payments_one_refund_a_cause',
        ),
        migrations.AddField(
            model_name='payment',
            name='refunding_amount',
            field=models.DecimalField(decimal_places=2, default=Decimal('0'), max_digits=12),
        ),
        migrations.AddField(
            model_name='refund',
            name='asks',
            field=models.PositiveIntegerField(default=0),
        ),
        migrations.AddField(
            model_name='refund',
            name='by',
            field=models.CharField(blank=True, max_length=80),
        ),
        migrations.AddField(
            model_name='refund',
            name='failure',
            field=models.CharField(blank=True, max_length=200),
        ),
        migrations.AddField(
            model_name='refund',
            name='gateway_version',
            field=models.PositiveIntegerField(default=0),
        ),
        migrations.AddField(
            model_name='refund',
            name='reason',
            field=models.CharField(blank=True, max_length=200),
        ),
        migrations.AddField(
            model_name='refund',
            name='request_key',
            field=models.CharField(blank=True, max_length=255),
        ),
        migrations.AlterField(
            model_name='refund',
            name='cause',
            field=models.CharField(choices=[('order_ended', 'the order failed or was cancelled'), ('staff', 'staff gave it back')], max_length=40),
        ),
        migrations.AlterField(
            model_name='refund',
            name='status',
            field=models.CharField(choices=[('requested', 'asked of the gateway'), ('done', 'done'), ('failed', 'the gateway could not give it back')], default='requested', max_length=16),
        ),
        migrations.AddConstraint(
            model_name='payment',
            constraint=models.CheckConstraint(condition=models.Q(('captured_amount__gte', django.db.models.functions.math.Round(django.db.models.expressions.CombinedExpression(models.F('refunded_amount'), '+', models.F('refunding_amount')), 2)), ('refunding_amount__gte', 0)), name='payments_no_more_back_than_captured'),
        ),
        migrations.AddConstraint(
            model_name='refund',
            constraint=models.UniqueConstraint(condition=models.Q(('cause', 'order_ended')), fields=('payment',), name='payments_one_refund_by_itself'),
        ),
        migrations.AddConstraint(
            model_name='refund',
            constraint=models.UniqueConstraint(condition=models.Q(('request_key', ''), _negated=True), fields=('payment', 'request_key'), name='payments_one_refund_a_key'),
        ),
        migrations.RunPython(reserve, migrations.RunPython.noop, elidable=True),
    ]
