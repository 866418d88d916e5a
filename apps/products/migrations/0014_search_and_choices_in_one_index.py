"""Words and what there is to choose in one index, which serves either alone too: of two common ones
PostgreSQL would walk the table, while one index meets both before it fetches a row."""

from typing import Any

from django.db import migrations

FORWARDS = [
    "DROP INDEX IF EXISTS listing_found",  # an attempt that was cut off leaves an invalid one
    """CREATE INDEX CONCURRENTLY listing_found ON products_listing
       USING gin (document, string_to_array(choices, chr(10)))""",
    "DROP INDEX IF EXISTS listing_document",
    "DROP INDEX IF EXISTS listing_choices",
    "ANALYZE products_listing",  # how common each choice is, is known of an index from then on
]
BACKWARDS = [
    "CREATE INDEX IF NOT EXISTS listing_document ON products_listing USING gin (document)",
    """CREATE INDEX IF NOT EXISTS listing_choices ON products_listing
       USING gin (string_to_array(choices, chr(10)))""",
    "DROP INDEX IF EXISTS listing_found",
    "ANALYZE products_listing",
]


def build(apps: Any, schema_editor: Any) -> None:
    _run(schema_editor, FORWARDS)


def tear_down(apps: Any, schema_editor: Any) -> None:
    _run(schema_editor, BACKWARDS)


def _run(schema_editor: Any, statements: list[str]) -> None:
    if schema_editor.connection.vendor == "postgresql":
        for statement in statements:
            schema_editor.execute(statement)


class Migration(migrations.Migration):
    atomic = False  # as CREATE INDEX CONCURRENTLY demands
    dependencies = [("products", "0013_waiting")]
    operations = [migrations.RunPython(build, tear_down)]
