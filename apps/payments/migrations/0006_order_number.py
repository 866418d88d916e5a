"""Pre-deploy: what people call the order."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('payments', '0005_refunds_in_part'),
    ]

    operations = [
        migrations.AddField(
            model_name='payment',
            name='order_number',
            field=models.CharField(blank=True, db_default='', default='', max_length=20),
        ),
    ]
