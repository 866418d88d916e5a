"""Fixtures and options of the whole suite."""

import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings as hypothesis

from shop.tests import browsing, servers

hypothesis.register_profile("nightly", max_examples=2_000, deadline=None)
APPS = Path(__file__).with_name("apps")
CI = os.environ.get("CI") == "true"
WORKER = os.environ.get("PYTEST_XDIST_WORKER", "")  # "gw0", "gw1", …; empty in the only process


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """The whole suite runs in a process a core; what is named on the command line, in one."""
    if config.args_source == pytest.Config.ArgsSource.TESTPATHS:
        return os.cpu_count() or 1
    config.option.dist = "no"
    return 0


def pytest_configure(config: pytest.Config) -> None:
    """Each process has a Redis database of its own, as it empties it after every test."""
    from django.conf import settings

    cache = settings.CACHES["default"]
    if WORKER and settings.REDIS_URL:
        cache["LOCATION"] = f"{cache['LOCATION'].rpartition('/')[0]}/{1 + int(WORKER[2:])}"


def pytest_runtest_setup(item: pytest.Item) -> None:
    """A browser is the one thing that no wheel brings: say so where there is none."""
    if item.get_closest_marker("browser") and not browsing.is_installed():
        pytest.skip(browsing.MISSING)


@pytest.fixture(scope="session", autouse=True)
def _flush_what_has_rows() -> Iterator[None]:
    """After a test with real commits Django empties every table and fills those of content types
    and permissions anew, which takes longer than most tests. These two never change here, and of
    the others few have rows."""
    from django.core.management.commands import flush

    before, flush.sql_flush = flush.sql_flush, _flush_statements
    yield
    flush.sql_flush = before


def _flush_statements(
    style: Any, connection: Any, reset_sequences: bool = True, allow_cascade: bool = False
) -> list[str]:
    quoted = connection.ops.quote_name
    tables = set(_table_names(connection)) - {"django_content_type", "auth_permission"}
    # The names are of our own models.
    asked = [f"SELECT '{name}' WHERE EXISTS (SELECT 1 FROM {quoted(name)})" for name in tables]  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(asked))
        filled = [name for (name,) in cursor.fetchall()]
    cascade = connection.vendor == "postgresql"  # to those without rows that refer to them
    statements: list[str] = connection.ops.sql_flush(
        style, filled, reset_sequences=reset_sequences, allow_cascade=cascade
    )
    return statements


@cache
def _table_names(connection: Any) -> list[str]:
    names: list[str] = connection.introspection.django_table_names(
        only_existing=True, include_views=False
    )
    return names


@pytest.fixture(scope="session", autouse=True)
def _the_api_keeps_to_its_description() -> Iterator[None]:
    """Whichever test gets an answer of the API, and whichever app's: see shop/tests/contract.py."""
    from shop.tests import contract

    with contract.kept():
        yield


@pytest.fixture(autouse=True)
def _empty_cache() -> Iterator[None]:
    """No test finds what another has cached, nor the requests it has spent."""
    yield
    from django.core.cache import cache

    cache.clear()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[servers.Postgres]:
    """A real PostgreSQL, started when the first test asks for it; `new_database()` gives URLs."""
    with servers.postgres() as server:
        yield server


@pytest.fixture(scope="session")
def postgres_url(postgres_server: servers.Postgres) -> str:
    """An empty database that no other session has, for tests that start real processes."""
    return postgres_server.new_database()


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """A real Redis-compatible server, started when the first test asks for it."""
    with servers.valkey() as url:
        yield url


@pytest.hookimpl(trylast=True)  # when the order has been drawn
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what is about another engine than the one of this run (not a skip: it does not
    exist there), what takes so long that it runs with --hypothesis-profile=nightly only, and what
    another part of the whole suite runs."""
    from django.conf import settings

    vendor = settings.DATABASES["default"]["ENGINE"].rpartition(".")[2].removesuffix("ql")
    here = {"sqlite3": "sqlite", "postgres": "postgresql"}.get(vendor, vendor)
    tonight = config.getoption("--hypothesis-profile") == "nightly"
    whole = config.args_source == pytest.Config.ArgsSource.TESTPATHS
    kept, left = [], []
    for item in items:
        marker = item.get_closest_marker("engine")
        belongs = marker is None or marker.args[0] == here
        once = tonight or not item.get_closest_marker("nightly")
        if whole and not tonight:
            once = once and not _runs_elsewhere(item, here)
        (kept if belongs and once else left).append(item)
    if left:
        config.hook.pytest_deselected(items=left)
    items[:] = _dealt(kept)


def _runs_elsewhere(item: pytest.Item, here: str) -> bool:
    """Whether the whole suite runs this more than once and another time says as much. On SQLite an
    app's tests run alone, and beside the other apps on PostgreSQL; and what never asks for the
    database says the same on either."""
    if here == "sqlite":
        return item.path.is_relative_to(APPS) and not item.get_closest_marker("browser")
    asks = {"db", "transactional_db"} & set(getattr(item, "fixturenames", ()))
    return not (asks or item.get_closest_marker("django_db") or item.get_closest_marker("engine"))


def _dealt(items: list[pytest.Item]) -> list[pytest.Item]:
    """What takes minutes first, so that no process is left alone with it at the end: xdist deals
    two processes a half of the list each, and who is done takes from the end of the other's."""
    suites = [item for item in items if item.get_closest_marker("suite")]
    alone = [item for item in items if item.get_closest_marker("alone")]
    quick = [item for item in items if item not in {*suites, *alone}]
    half = len(items) // 2 - len(suites)
    return [*suites, *quick[:half], *alone, *quick[half:]] if suites else [*alone, *quick]


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """On CI a skipped test is a failure: what was not run is not known to work."""
    if CI and not WORKER and exitstatus == pytest.ExitCode.OK and _skipped(session.config):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(config: pytest.Config) -> None:
    """Say so; the reasons stand in the short summary (-ra)."""
    if CI and (skipped := _skipped(config)):
        reporter = config.pluginmanager.get_plugin("terminalreporter")
        reporter.write_line(f"FAILED: CI=true, and {skipped} tests were skipped.", red=True)


def _skipped(config: pytest.Config) -> int:
    return len(config.pluginmanager.get_plugin("terminalreporter").stats.get("skipped", []))
