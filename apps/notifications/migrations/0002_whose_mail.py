"""Whose mails and orders they are, kinds that people can do without, mails that are for a while,
several recipients of one occasion (before deployment; additive, and the older constraint on mails
gives way to a weaker one)."""

from django.db import migrations, models

KINDS = [("order_confirmed", "order confirmed"), ("order_failed", "order failed"), ("order_cancelled", "order cancelled"), ("order_shipped", "order shipped"), ("order_delivered", "order delivered"), ("payment_refunded", "payment refunded"), ("email_verification", "address to be confirmed"), ("email_changed", "address changed"), ("password_reset", "new password asked for"), ("password_changed", "password changed"), ("low_stock", "low stock (staff)"), ("refund_failed", "refund failed (staff)")]
STATES = [("requested", "requested"), ("sending", "being sent"), ("sent", "sent"), ("failed", "refused or unreachable"), ("held", "outcome unknown"), ("skipped", "not wanted"), ("expired", "too late to send")]


class Migration(migrations.Migration):
    dependencies = [("notifications", "0001_initial")]
    operations = [
        migrations.AddField("orderinfo", "subject", models.CharField(blank=True, db_default="", default="", max_length=64)),
        migrations.AddField("orderinfo", "coupon", models.CharField(blank=True, db_default="", default="", max_length=64)),
        migrations.AddField("notification", "whose", models.CharField(blank=True, db_default="", db_index=True, default="", max_length=64)),
        migrations.AddField("notification", "expires_at", models.DateTimeField(blank=True, null=True)),
        migrations.AlterField("notification", "kind", models.CharField(choices=KINDS, max_length=32)),
        migrations.AlterField("notification", "state", models.CharField(choices=STATES, default="requested", max_length=9)),
        migrations.RemoveConstraint("notification", "notifications_one_mail_an_occasion"),
        migrations.AddConstraint(
            "notification",
            models.UniqueConstraint(fields=("kind", "occasion", "recipient"), name="notifications_one_an_occasion"),
        ),
    ]
