"""The timeline tells of challenges and of refunds that failed (before deployment; wider only)."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("orders", "0005_history_names_the_person")]
    operations = [
        migrations.AlterField(
            model_name='timelineentry',
            name='kind',
            field=models.CharField(choices=[('placed', 'Placed'), ('reserved', 'Reserved'), ('paid', 'Paid'), ('confirmed', 'Confirmed'), ('mailed', 'Mailed'), ('sold_out', 'Sold Out'), ('declined', 'Declined'), ('released', 'Released'), ('action_required', 'Action Required'), ('cancelled', 'Cancelled'), ('refunded', 'Refunded'), ('refund_failed', 'Refund Failed'), ('shipped', 'Shipped'), ('delivered', 'Delivered')], max_length=20),
        ),
    ]
