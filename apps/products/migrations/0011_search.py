"""What the database searches by: kept by itself, in step with the columns of words.

PostgreSQL: a generated document with its index, one of what there is to choose, and of the words'
trigrams where the role may create pg_trgm (or somebody has); without, fewer misspelt words
are understood, and `check --database default` says so. SQLite: two FTS5 tables and their triggers. A
later migration that makes SQLite write `products_listing` or `products_word` anew (it does so for
most changes of a column) has to create the triggers again.
"""

from typing import Any

from django.db import migrations

POSTGRESQL = """
ALTER TABLE products_listing ADD COLUMN document tsvector GENERATED ALWAYS AS (
  setweight(to_tsvector('english', names), 'A')
  || setweight(to_tsvector('english', options), 'B')
  || setweight(to_tsvector('english', words), 'D')
) STORED;
CREATE INDEX listing_document ON products_listing USING gin (document);
CREATE INDEX listing_choices ON products_listing USING gin (string_to_array(choices, chr(10)));
"""
MAY_HAVE_TRIGRAMS = """
SELECT EXISTS (SELECT 1 FROM pg_extension WHERE extname = 'pg_trgm')
    OR EXISTS (
      SELECT 1 FROM pg_available_extension_versions WHERE name = 'pg_trgm' AND (
        (SELECT rolsuper FROM pg_roles WHERE rolname = current_user)
        OR trusted AND has_database_privilege(current_database(), 'CREATE')
      )
    )
"""
TRIGRAMS = """
CREATE EXTENSION IF NOT EXISTS pg_trgm;
CREATE INDEX IF NOT EXISTS word_trigrams ON products_word USING gin (text gin_trgm_ops);
"""
SQLITE = [
    """CREATE VIRTUAL TABLE products_listing_fts USING fts5(
         names, options, words,
         content='products_listing', content_rowid='id', tokenize='porter unicode61', prefix='2 3'
       )""",
    """CREATE TRIGGER products_listing_written AFTER INSERT ON products_listing BEGIN
         INSERT INTO products_listing_fts (rowid, names, options, words)
         VALUES (new.id, new.names, new.options, new.words);
       END""",
    """CREATE TRIGGER products_listing_rewritten
       AFTER UPDATE OF names, options, words ON products_listing BEGIN
         INSERT INTO products_listing_fts (products_listing_fts, rowid, names, options, words)
         VALUES ('delete', old.id, old.names, old.options, old.words);
         INSERT INTO products_listing_fts (rowid, names, options, words)
         VALUES (new.id, new.names, new.options, new.words);
       END""",
    """CREATE TRIGGER products_listing_removed AFTER DELETE ON products_listing BEGIN
         INSERT INTO products_listing_fts (products_listing_fts, rowid, names, options, words)
         VALUES ('delete', old.id, old.names, old.options, old.words);
       END""",
    """CREATE VIRTUAL TABLE products_word_fts USING fts5(
         text, content='products_word', content_rowid='id', tokenize='trigram'
       )""",
    """CREATE TRIGGER products_word_written AFTER INSERT ON products_word BEGIN
         INSERT INTO products_word_fts (rowid, text) VALUES (new.id, new.text);
       END""",
    """CREATE TRIGGER products_word_removed AFTER DELETE ON products_word BEGIN
         INSERT INTO products_word_fts (products_word_fts, rowid, text)
         VALUES ('delete', old.id, old.text);
       END""",
]
SQLITE_UNDONE = [
    *("DROP TRIGGER products_listing_written", "DROP TRIGGER products_listing_rewritten"),
    *("DROP TRIGGER products_listing_removed", "DROP TRIGGER products_word_written"),
    *("DROP TRIGGER products_word_removed", "DROP TABLE products_listing_fts"),
    "DROP TABLE products_word_fts",
]
POSTGRESQL_UNDONE = """
DROP INDEX IF EXISTS word_trigrams;
DROP INDEX listing_choices;
ALTER TABLE products_listing DROP COLUMN document;
"""  # the extension may serve others


def build(apps: Any, schema_editor: Any) -> None:
    if schema_editor.connection.vendor == "sqlite":
        for statement in SQLITE:
            schema_editor.execute(statement)
        return
    schema_editor.execute(POSTGRESQL)
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(MAY_HAVE_TRIGRAMS)
        (may,) = cursor.fetchone()
    if may:
        schema_editor.execute(TRIGRAMS)


def tear_down(apps: Any, schema_editor: Any) -> None:
    if schema_editor.connection.vendor == "sqlite":
        for statement in SQLITE_UNDONE:
            schema_editor.execute(statement)
    else:
        schema_editor.execute(POSTGRESQL_UNDONE)


class Migration(migrations.Migration):
    dependencies = [("products", "0010_listings")]
    operations = [migrations.RunPython(build, tear_down)]
