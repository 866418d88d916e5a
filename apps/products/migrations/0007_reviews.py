import django.core.validators
import django.db.models.deletion
import django.db.models.expressions
import django.utils.timezone
import uuid_utils.compat
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('products', '0006_listings'),
    ]

    operations = [
        migrations.CreateModel(
            name='BoughtOrder',
            fields=[
                ('order_id', models.UUIDField(primary_key=True, serialize=False)),
                ('customer_id', models.UUIDField(null=True)),
                ('status', models.CharField(choices=[('placed', 'Placed'), ('confirmed', 'Confirmed'), ('cancelled', 'Cancelled')], default='placed', max_length=9)),
            ],
        ),
        migrations.CreateModel(
            name='BoughtArticle',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('sku', models.CharField(max_length=64)),
            ],
        ),
        migrations.CreateModel(
            name='Review',
            fields=[
                ('id', models.UUIDField(default=uuid_utils.compat.uuid7, editable=False, primary_key=True, serialize=False)),
                ('customer_id', models.UUIDField()),
                ('author', models.CharField(blank=True, max_length=60)),
                ('rating', models.PositiveSmallIntegerField(validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(5)])),
                ('title', models.CharField(max_length=120)),
                ('text', models.TextField(max_length=4000)),
                ('status', models.CharField(choices=[('pending', 'Pending'), ('approved', 'Approved'), ('rejected', 'Rejected')], default='pending', max_length=8)),
                ('version', models.PositiveIntegerField(default=1)),
                ('written_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('changed_at', models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={
                'ordering': ['-id'],
            },
        ),
        migrations.CreateModel(
            name='Decision',
            fields=[
                ('id', models.UUIDField(default=uuid_utils.compat.uuid7, editable=False, primary_key=True, serialize=False)),
                ('version', models.PositiveIntegerField()),
                ('status', models.CharField(choices=[('pending', 'Pending'), ('approved', 'Approved'), ('rejected', 'Rejected')], max_length=8)),
                ('by', models.CharField(max_length=60)),
                ('reason', models.CharField(blank=True, max_length=200)),
                ('at', models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={
                'ordering': ['id'],
            },
        ),
        migrations.AddField(
            model_name='product',
            name='rating_count',
            field=models.PositiveIntegerField(default=0, editable=False),
        ),
        migrations.AddField(
            model_name='product',
            name='rating_sum',
            field=models.PositiveIntegerField(default=0, editable=False),
        ),
        migrations.AddConstraint(
            model_name='product',
            constraint=models.CheckConstraint(condition=models.Q(('rating_sum__gte', models.F('rating_count')), ('rating_sum__lte', django.db.models.expressions.CombinedExpression(models.Value(5), '*', models.F('rating_count')))), name='product_rating_adds_up'),
        ),
        migrations.AddIndex(
            model_name='boughtorder',
            index=models.Index(fields=['customer_id'], name='bought_order_by_customer'),
        ),
        migrations.AddField(
            model_name='boughtarticle',
            name='order',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='articles', to='products.boughtorder'),
        ),
        migrations.AddField(
            model_name='review',
            name='product',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='reviews', to='products.product'),
        ),
        migrations.AddField(
            model_name='decision',
            name='review',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='decisions', to='products.review'),
        ),
        migrations.AddConstraint(
            model_name='boughtarticle',
            constraint=models.UniqueConstraint(fields=('order', 'sku'), name='bought_article_once_an_order'),
        ),
        migrations.AddIndex(
            model_name='review',
            index=models.Index(condition=models.Q(('status', 'approved')), fields=['product', '-id'], name='review_shown'),
        ),
        migrations.AddIndex(
            model_name='review',
            index=models.Index(condition=models.Q(('status', 'pending')), fields=['id'], name='review_waiting'),
        ),
        migrations.AddIndex(
            model_name='review',
            index=models.Index(fields=['customer_id'], name='review_by_customer'),
        ),
        migrations.AddConstraint(
            model_name='review',
            constraint=models.UniqueConstraint(fields=('product', 'customer_id'), name='review_one_a_customer'),
        ),
        migrations.AddConstraint(
            model_name='review',
            constraint=models.CheckConstraint(condition=models.Q(('rating__gte', 1), ('rating__lte', 5)), name='review_one_to_five_stars'),
        ),
    ]
