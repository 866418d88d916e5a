import django.core.validators
import django.db.models.deletion
import uuid_utils.compat
from decimal import Decimal
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('products', '0004_pictures'),
    ]

    operations = [
        migrations.CreateModel(
            name='PriceList',
            fields=[
                ('id', models.UUIDField(default=uuid_utils.compat.uuid7, editable=False, primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=80, unique=True)),
                ('starts_at', models.DateTimeField()),
                ('ends_at', models.DateTimeField(blank=True, null=True)),
                ('active', models.BooleanField(default=True)),
                ('state', models.CharField(choices=[('off', 'Switched off'), ('planned', 'Planned'), ('running', 'Running'), ('over', 'Over')], default='off', editable=False, max_length=7)),
                ('revision', models.PositiveIntegerField(default=0, editable=False)),
            ],
            options={
                'ordering': ['-starts_at', '-id'],
            },
        ),
        migrations.CreateModel(
            name='SalePrice',
            fields=[
                ('id', models.UUIDField(default=uuid_utils.compat.uuid7, editable=False, primary_key=True, serialize=False)),
                ('price', models.DecimalField(decimal_places=2, max_digits=12, validators=[django.core.validators.MinValueValidator(Decimal('0.01'))])),
            ],
            options={
                'ordering': ['id'],
            },
        ),
        migrations.AddField(
            model_name='variant',
            name='sale_price',
            field=models.DecimalField(decimal_places=2, editable=False, max_digits=12, null=True),
        ),
        migrations.AddConstraint(
            model_name='variant',
            constraint=models.CheckConstraint(condition=models.Q(('sale_price', None), models.Q(('sale_price__gt', 0), ('sale_price__lt', models.F('price'))), _connector='OR'), name='variant_sale_price_is_lower'),
        ),
        migrations.AddConstraint(
            model_name='pricelist',
            constraint=models.CheckConstraint(condition=models.Q(('ends_at', None), ('ends_at__gt', models.F('starts_at')), _connector='OR'), name='price_list_ends_after_its_start'),
        ),
        migrations.AddField(
            model_name='saleprice',
            name='price_list',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='prices', to='products.pricelist'),
        ),
        migrations.AddField(
            model_name='saleprice',
            name='variant',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='sale_prices', to='products.variant'),
        ),
        migrations.AddConstraint(
            model_name='saleprice',
            constraint=models.UniqueConstraint(fields=('price_list', 'variant'), name='sale_price_once_a_list'),
        ),
        migrations.AddConstraint(
            model_name='saleprice',
            constraint=models.CheckConstraint(condition=models.Q(('price__gt', 0)), name='sale_price_positive'),
        ),
    ]
