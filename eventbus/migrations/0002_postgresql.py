"""What PostgreSQL needs and the ORM has no words for (before deployment; additive)."""

from django.db import migrations

FORWARDS = """
    ALTER TABLE eventbus_event ADD COLUMN xid xid8 NOT NULL DEFAULT pg_current_xact_id();
    CREATE INDEX eventbus_event_xid ON eventbus_event (xid);
    ALTER TABLE eventbus_tick ADD COLUMN snapshot pg_snapshot NOT NULL;
    ALTER TABLE eventbus_cursor SET (fillfactor = 50);
"""
BACKWARDS = """
    ALTER TABLE eventbus_cursor RESET (fillfactor);
    ALTER TABLE eventbus_tick DROP COLUMN snapshot;
    ALTER TABLE eventbus_event DROP COLUMN xid;
"""


def on_postgresql(sql):
    def run(apps, schema_editor):
        if schema_editor.connection.vendor == "postgresql":
            schema_editor.execute(sql)

    return run


class Migration(migrations.Migration):
    dependencies = [("eventbus", "0001_initial")]
    operations = [migrations.RunPython(on_postgresql(FORWARDS), on_postgresql(BACKWARDS))]
