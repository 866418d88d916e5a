from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('products', '0005_price_lists'),
    ]

    operations = [
        migrations.AddField(
            model_name='product',
            name='cover',
            field=models.CharField(default='', editable=False, max_length=40),
        ),
        migrations.AddField(
            model_name='product',
            name='cover_alt',
            field=models.CharField(default='', editable=False, max_length=200),
        ),
        migrations.AddField(
            model_name='product',
            name='listed',
            field=models.BooleanField(default=False, editable=False),
        ),
        migrations.AddField(
            model_name='product',
            name='on_sale',
            field=models.BooleanField(default=False, editable=False),
        ),
        migrations.AddField(
            model_name='product',
            name='price_from',
            field=models.DecimalField(decimal_places=2, editable=False, max_digits=12, null=True),
        ),
        migrations.AddField(
            model_name='product',
            name='price_to',
            field=models.DecimalField(decimal_places=2, editable=False, max_digits=12, null=True),
        ),
        migrations.AddIndex(
            model_name='product',
            index=models.Index(condition=models.Q(('listed', True)), fields=['id'], name='product_listed'),
        ),
        migrations.AddIndex(
            model_name='product',
            index=models.Index(condition=models.Q(('listed', True)), fields=['price_from', 'id'], name='product_by_price'),
        ),
        migrations.AddIndex(
            model_name='product',
            index=models.Index(condition=models.Q(('listed', True)), fields=['title', 'id'], name='product_by_title'),
        ),
        migrations.AddIndex(
            model_name='product',
            index=models.Index(condition=models.Q(('listed', True)), fields=['category', 'id'], name='product_by_category'),
        ),
        migrations.AddConstraint(
            model_name='product',
            constraint=models.CheckConstraint(condition=models.Q(('listed', False), models.Q(('price_from__gt', 0), ('price_to__gte', models.F('price_from'))), _connector='OR'), name='product_listed_has_a_price'),
        ),
    ]
