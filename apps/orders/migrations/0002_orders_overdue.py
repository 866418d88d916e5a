"""An index of the orders in progress, by their time to pay (before deployment; additive). Built
beside the shop's writes on PostgreSQL, which would otherwise wait for it."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class AddIndexBesideWrites(AddIndexConcurrently):
    """Concurrently, where the database knows the word."""

    def database_forwards(self, app_label, schema_editor, from_state, to_state):
        state = app_label, schema_editor, from_state, to_state
        if schema_editor.connection.vendor == "postgresql":
            super().database_forwards(*state)
        else:
            migrations.AddIndex.database_forwards(self, *state)

    def database_backwards(self, app_label, schema_editor, from_state, to_state):
        state = app_label, schema_editor, from_state, to_state
        if schema_editor.connection.vendor == "postgresql":
            super().database_backwards(*state)
        else:
            migrations.AddIndex.database_backwards(self, *state)


class Migration(migrations.Migration):
    atomic = False  # as CREATE INDEX CONCURRENTLY demands
    dependencies = [("orders", "0001_initial")]
    operations = [
        AddIndexBesideWrites(
            "order",
            models.Index(
                fields=["pay_before"],
                name="orders_overdue",
                condition=models.Q(status="PENDING"),
            ),
        )
    ]
