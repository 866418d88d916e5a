"""The database itself refuses to rewrite the stock ledger.

On SQLite it may still be emptied: tests and `demo --reset` do that by DELETE, which PostgreSQL
has TRUNCATE for. A later migration that rebuilds the table on SQLite has to make the trigger again
(a test says so), and one that must rewrite rows has to drop it first.
"""

from django.db import migrations

MESSAGE = "The stock ledger is append-only: correct a wrong row by an adjustment that undoes it."
MAKE = {
    "postgresql": (
        "CREATE FUNCTION inventory_ledger_append_only() RETURNS trigger LANGUAGE plpgsql AS"
        f" $$ BEGIN RAISE EXCEPTION '{MESSAGE}'"
        " USING ERRCODE = 'integrity_constraint_violation'; END $$",
        "CREATE TRIGGER inventory_ledger_append_only BEFORE UPDATE OR DELETE"
        " ON inventory_ledgerentry"
        " FOR EACH ROW EXECUTE FUNCTION inventory_ledger_append_only()",
    ),
    "sqlite": (
        "CREATE TRIGGER inventory_ledger_append_only BEFORE UPDATE ON inventory_ledgerentry"
        f" BEGIN SELECT RAISE(ABORT, '{MESSAGE}'); END",
    ),
}
DROP = {
    "postgresql": (
        "DROP TRIGGER inventory_ledger_append_only ON inventory_ledgerentry",
        "DROP FUNCTION inventory_ledger_append_only",
    ),
    "sqlite": ("DROP TRIGGER inventory_ledger_append_only",),
}


def make(apps, schema_editor):
    for statement in MAKE[schema_editor.connection.vendor]:
        schema_editor.execute(statement)


def drop(apps, schema_editor):
    for statement in DROP[schema_editor.connection.vendor]:
        schema_editor.execute(statement)


class Migration(migrations.Migration):
    dependencies = [("inventory", "0002_ledger_sign")]
    operations = [migrations.RunPython(make, drop)]
