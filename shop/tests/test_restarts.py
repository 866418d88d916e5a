"""Web processes are replaced while shoppers buy, and nobody notices: bench/restarts.py."""

from pathlib import Path

import pytest

from bench.restarts import measure
from shop.tests.servers import Postgres


@pytest.mark.process
@pytest.mark.timeout(300)
@pytest.mark.postgres
@pytest.mark.engine("sqlite")  # once is enough: it brings its own database
def test_two_restarts_lose_nothing(tmp_path: Path, postgres_server: Postgres) -> None:
    seen = measure(postgres_server, tmp_path, restarts=2, clients=3)
    assert (seen.failed, seen.violations) == ({}, [])
    assert seen.confirmed == seen.orders > 0
