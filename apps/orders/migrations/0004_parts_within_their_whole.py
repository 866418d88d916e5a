"""No discount or tax is more than what it is of (before deployment)."""

import django.db.models.expressions
import django.db.models.functions.math
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("orders", "0003_sums_by_line")]
    operations = [
        migrations.AddConstraint(
            model_name='order',
            constraint=models.CheckConstraint(condition=models.Q(('discount__gte', 0), ('discount__lte', django.db.models.functions.math.Round(models.F('subtotal'), precision=2)), ('shipping_tax__gte', 0), ('shipping_tax__lte', django.db.models.functions.math.Round(models.F('shipping'), precision=2)), ('tax__gte', 0), ('tax__lte', django.db.models.functions.math.Round(models.F('total'), precision=2))), name='orders_parts_within_their_whole'),
        ),
        migrations.AddConstraint(
            model_name='orderline',
            constraint=models.CheckConstraint(condition=models.Q(('discount__gte', 0), ('discount__lte', django.db.models.functions.math.Round(django.db.models.expressions.CombinedExpression(models.F('unit_price'), '*', models.F('quantity')), precision=2)), ('tax__gte', 0), ('tax__lte', django.db.models.functions.math.Round(django.db.models.expressions.CombinedExpression(django.db.models.expressions.CombinedExpression(models.F('unit_price'), '*', models.F('quantity')), '-', models.F('discount')), precision=2)), ('tax_rate__gte', 0), ('tax_rate__lte', 100)), name='orders_line_parts_within_their_whole'),
        ),
    ]
