"""Pre-deploy: what the gateway tells by itself, sent and received."""

from django.db import migrations, models
import uuid_utils.compat


class Migration(migrations.Migration):

    dependencies = [
        ('payments', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='GatewayWebhook',
            fields=[
                ('id', models.UUIDField(default=uuid_utils.compat.uuid7, editable=False, primary_key=True, serialize=False)),
                ('key', models.CharField(db_index=True, max_length=64)),
                ('version', models.PositiveIntegerField()),
                ('body', models.TextField()),
                ('sent', models.PositiveIntegerField(default=0)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
            ],
        ),
        migrations.CreateModel(
            name='ReceivedWebhook',
            fields=[
                ('event_id', models.CharField(max_length=64, primary_key=True, serialize=False)),
                ('kind', models.CharField(max_length=20)),
                ('key', models.CharField(db_index=True, max_length=64)),
                ('version', models.PositiveIntegerField()),
                ('status', models.CharField(max_length=20)),
                ('result', models.CharField(choices=[('recorded', 'it changed something'), ('ignored', 'known already, or older than what is known'), ('unknown', 'about nothing of ours')], max_length=16)),
                ('deliveries', models.PositiveIntegerField(default=1)),
                ('received_at', models.DateTimeField(auto_now_add=True)),
            ],
        ),
    ]
