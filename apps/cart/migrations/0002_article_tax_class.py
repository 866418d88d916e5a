from django.db import migrations, models


class Migration(migrations.Migration):
    """Before the deployment: what runs until then neither reads nor writes it."""

    dependencies = [
        ('cart', '0001_initial'),
    ]

    operations = [
        migrations.AddField(
            model_name='article',
            name='tax_class',
            field=models.CharField(db_default='standard', default='standard', max_length=20),
        ),
    ]
