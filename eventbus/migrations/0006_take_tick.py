"""PostgreSQL takes a tick in a function, whose plans it keeps (before deployment; additive).

In READ COMMITTED each statement of a volatile function has a snapshot of its own: that of the tick
is taken after the lock, or ticks could go backwards. Code that needs another function gives it
another name, as the code of before still calls this one during a deployment.
"""

from django.db import migrations

NEWEST = "(SELECT max(id) FROM eventbus_tick)"
FORWARDS = f"""
    CREATE FUNCTION eventbus_take_tick() RETURNS void LANGUAGE plpgsql VOLATILE AS $$
    BEGIN
        -- The commit need not wait for the disk: that of a cursor which has used the tick comes
        -- after it in the same log.
        SET LOCAL synchronous_commit TO off;
        IF pg_try_advisory_xact_lock({0x6275_7374}) THEN  -- one is taken at a time
            INSERT INTO eventbus_tick (created_at, snapshot)
            SELECT statement_timestamp(), pg_current_snapshot() WHERE
                ({NEWEST} IS NULL AND EXISTS (SELECT 1 FROM eventbus_event))
                OR coalesce((SELECT xid FROM eventbus_event ORDER BY xid DESC LIMIT 1)
                    >= (SELECT pg_snapshot_xmax(snapshot) FROM eventbus_tick WHERE id = {NEWEST}),
                    FALSE)
                OR EXISTS (SELECT 1 FROM eventbus_event e WHERE e.xid = ANY (ARRAY(
                    SELECT pg_snapshot_xip(snapshot) FROM eventbus_tick WHERE id = {NEWEST})));
        END IF;
    END $$
"""
BACKWARDS = "DROP FUNCTION eventbus_take_tick()"


def on_postgresql(sql):
    def run(apps, schema_editor):
        if schema_editor.connection.vendor == "postgresql":
            schema_editor.execute(sql, params=None)

    return run


class Migration(migrations.Migration):
    dependencies = [("eventbus", "0005_cuts")]
    operations = [migrations.RunPython(on_postgresql(FORWARDS), on_postgresql(BACKWARDS))]
