import apps.products.models
import django.core.validators
import django.db.models.deletion
import django.db.models.functions.text
import django.db.models.lookups
import uuid_utils.compat
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('products', '0003_options'),
    ]

    operations = [
        migrations.AddField(
            model_name='variant',
            name='picture_alt',
            field=models.CharField(default='', editable=False, max_length=200),
        ),
        migrations.AlterField(
            model_name='variant',
            name='picture',
            field=models.CharField(default='', editable=False, max_length=40, validators=[apps.products.models.validate_picture]),
        ),
        migrations.CreateModel(
            name='Picture',
            fields=[
                ('id', models.UUIDField(default=uuid_utils.compat.uuid7, editable=False, primary_key=True, serialize=False)),
                ('recipe', models.CharField(max_length=40, validators=[apps.products.models.validate_picture])),
                ('alt', models.CharField(max_length=200, verbose_name='alternative text')),
                ('width', models.PositiveSmallIntegerField(editable=False, validators=[django.core.validators.MinValueValidator(1)])),
                ('height', models.PositiveSmallIntegerField(editable=False, validators=[django.core.validators.MinValueValidator(1)])),
                ('position', models.PositiveSmallIntegerField(default=0)),
                ('product', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='pictures', to='products.product')),
                ('variant', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='pictures', to='products.variant')),
            ],
            options={
                'ordering': ['position', 'id'],
                'constraints': [models.CheckConstraint(condition=models.Q(django.db.models.lookups.Exact(django.db.models.functions.text.Trim('alt'), ''), _negated=True), name='picture_says_what_it_shows'), models.CheckConstraint(condition=models.Q(('height__gt', 0), ('width__gt', 0)), name='picture_has_a_size'), models.UniqueConstraint(condition=models.Q(('variant', None)), fields=('product', 'recipe'), name='picture_once_a_product'), models.UniqueConstraint(fields=('variant', 'recipe'), name='picture_once_a_variant')],
            },
        ),
    ]
