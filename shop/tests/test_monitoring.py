"""`/metrics` tells of the pages, the bus and the orders, of one process and of several."""

import signal
import subprocess
import sys
from pathlib import Path
from urllib.request import urlopen

import pytest
from django.db import OperationalError
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families

from eventbus.engines import engine
from shop import monitoring
from shop.checks import check_gauges
from shop.tests.processes import ROOT, outer_environment, succeed

WORK = """
import os, signal
from django.db import transaction
from eventbus import event, payload, publish, subscribe
from eventbus.testing import drain

@event("test.happened", version=1, private=True)
class Happened:
    n: int

@subscribe("test.happened", subscriber="counted")
def react(view: Happened):
    pass

for n in range({count}):
    with transaction.atomic():
        publish(Happened(n=n), key=n)
try:
    with transaction.atomic():
        publish(Happened(n=99), key=99)
        raise RuntimeError
except RuntimeError:
    pass
drain()
{end}
"""


def samples(text: str, name: str) -> list[tuple[dict[str, str], float]]:
    return [
        (sample.labels, sample.value)
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == name
    ]


def test_metrics_are_plain_text(client: Client, db: None) -> None:
    client.get("/healthz")
    response = client.get("/metrics")
    assert response.status_code == 200
    assert response.headers["Content-Type"].startswith("text/plain")
    assert "no-store" in response.headers["Cache-Control"]
    assert b"django_http_requests_total_by_view_transport_method_total" in response.content
    text = response.content.decode()
    assert samples(text, "eventbus_up") == [({}, 1)]
    assert samples(text, "shop_orders_overdue") == [({}, 0)]


def test_without_the_database_metrics_still_answer(
    client: Client, db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone() -> None:
        raise OperationalError("connection to postgres://user:secret@host refused")

    monkeypatch.setattr(engine(), "clock", gone)
    monkeypatch.setattr("apps.orders.metrics.gauges", gone)
    response = client.get("/metrics")
    text = response.content.decode()
    assert response.status_code == 200
    assert samples(text, "eventbus_up") == [({}, 0)]
    assert samples(text, "shop_orders_overdue") == []
    assert "django_http_requests_total" in text
    assert "secret" not in text


def test_gauges_that_lead_to_no_function_refuse_to_start(monkeypatch: pytest.MonkeyPatch) -> None:
    assert check_gauges(None) == []
    bad = [("orders", "apps.orders.metrics.missing"), ("cart", "apps.cart.apps.__name__")]
    monkeypatch.setattr("shop.checks.declared", lambda: bad)
    problems = check_gauges(None)
    assert [problem.id for problem in problems] == ["shop.E003"] * 2
    assert "orders has gauges in apps.orders.metrics.missing: " in problems[0].msg
    assert list(monitoring.declared()) != bad


# Several processes ------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A deployment's environment, with its database."""
    folder = tmp_path_factory.mktemp("here")
    environment = {"DATABASE_URL": f"sqlite:///{folder}/shop.sqlite3", "SHOP_CONTEXTS": "orders"}
    succeed("manage.py", "migrate", "eventbus", "-v0", **environment)
    return environment


@pytest.mark.process
@pytest.mark.engine("sqlite")  # once is enough: it brings its own database
def test_the_numbers_of_all_processes_are_summed_and_the_tables_are_told_once(
    here: dict[str, str],
    tmp_path: Path,
    client: Client,
    db: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One of them is killed, and another while it began: what it had done stays in the sums."""
    ends = ["", "os.kill(os.getpid(), signal.SIGKILL)"]
    together = [
        subprocess.Popen(
            [sys.executable, "manage.py", "shell", "-v0", "-c", WORK.format(count=20 + n, end=end)],
            cwd=ROOT,
            env=outer_environment() | here | {"PROMETHEUS_MULTIPROC_DIR": str(tmp_path)},
        )
        for n, end in enumerate(ends)
    ]
    assert [process.wait(timeout=60) for process in together] == [0, -signal.SIGKILL]
    Path(tmp_path, "counter_1.db").touch()

    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))
    text = client.get("/metrics").content.decode()

    assert samples(text, "eventbus_published_total") == [({"name": "test.happened"}, 41)]
    done = {"subscriber": "counted", "name": "test.happened", "outcome": "done"}
    assert samples(text, "eventbus_handled_total") == [(done, 41)]
    assert samples(text, "eventbus_e2e_seconds_count") == [({"subscriber": "counted"}, 41)]
    assert samples(text, "eventbus_batch_size_sum") == [({"subscriber": "counted"}, 41)]
    assert samples(text, "eventbus_up") == [({}, 1)]
    assert text.count("# TYPE eventbus_lag_events gauge") == 1


@pytest.mark.process
@pytest.mark.engine("sqlite")  # once is enough: it brings its own database
def test_a_worker_tells_its_own_numbers_until_it_ends(here: dict[str, str]) -> None:
    with subprocess.Popen(
        [sys.executable, "manage.py", "eventbus", "run", "--metrics-port", "0"],
        cwd=ROOT,
        env=outer_environment() | here | {"PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        text=True,
    ) as worker:
        try:
            assert worker.stdout is not None
            address = worker.stdout.readline().removeprefix("Metrics: ").strip()
            assert address.startswith("http://127.0.0.1:")
            with urlopen(address, timeout=30) as answer:  # noqa: S310
                text = answer.read().decode()
            worker.stdout.readline()  # it runs: from here on it minds the signal
        finally:
            worker.send_signal(signal.SIGTERM)

    assert worker.returncode == 0
    assert "# TYPE eventbus_handled_total counter" in text
    assert "eventbus_up" not in text  # the tables are for the page to tell
