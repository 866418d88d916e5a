"""Who does without which mails (before deployment; additive)."""

import django.utils.timezone
from django.db import migrations, models

KINDS = [("order_confirmed", "order confirmed"), ("order_failed", "order failed"), ("order_cancelled", "order cancelled"), ("order_shipped", "order shipped"), ("order_delivered", "order delivered"), ("payment_refunded", "payment refunded"), ("email_verification", "address to be confirmed"), ("email_changed", "address changed"), ("password_reset", "new password asked for"), ("password_changed", "password changed"), ("low_stock", "low stock (staff)"), ("refund_failed", "refund failed (staff)")]


class Migration(migrations.Migration):
    dependencies = [("notifications", "0002_whose_mail")]
    operations = [
        migrations.CreateModel(
            name="OptOut",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("whose", models.CharField(max_length=64)),
                ("kind", models.CharField(choices=KINDS, max_length=32)),
                ("at", models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("whose", "kind"), name="notifications_one_opt_out")],
            },
        ),
    ]
