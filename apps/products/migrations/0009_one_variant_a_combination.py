from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('products', '0008_fill_in'),
    ]

    operations = [
        migrations.AddConstraint(
            model_name='variant',
            constraint=models.UniqueConstraint(fields=('product', 'combination'), name='variant_one_a_combination', violation_error_message='Another variant of the product is the same to choose.'),
        ),
    ]
