"""What a worker counts beside its deliveries, and where it tells it."""

import socket
import threading
from typing import Any
from urllib.request import urlopen

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from prometheus_client import CollectorRegistry, Histogram

from eventbus import metrics, wakeup
from eventbus.cursors import ensure_cursors
from eventbus.delivery import run_batch
from eventbus.engines import engine
from eventbus.exposition import serve
from eventbus.models import Cursor
from eventbus.registry import subscribers
from eventbus.testing import drain
from eventbus.tests.conftest import Counts, Effects, number
from eventbus.tests.test_delivery import noting
from eventbus.tests.test_metrics import outcomes
from eventbus.wakeup import Bell
from eventbus.worker import _loop


@pytest.mark.engine("postgresql")
def test_a_cursor_that_another_worker_holds_is_a_conflict(
    effects: Effects, say: Any, since: Counts
) -> None:
    noting(effects, "a")
    ensure_cursors()
    say("k", 1)
    mine = Cursor.objects.get().pk
    other = connection.copy()
    with other.cursor() as holder:
        holder.execute("BEGIN")
        holder.execute("SELECT 1 FROM eventbus_cursor FOR UPDATE")
        assert run_batch(engine(), subscribers["a"], mine, limit=10) == 0
        holder.execute("ROLLBACK")
    other.close()
    drain()

    assert since("claim_conflicts_total") == 1
    assert outcomes(since, "a") == {"done": 1}


def test_a_bell_says_who_rang(since: Counts) -> None:
    bell = Bell()
    assert bell.wait(bell.rings, 0) == "poll"
    bell.ring("notify")
    assert bell.wait(0, 0) == "notify"
    bell.ring()
    assert bell.wait(1, 0) == "commit"


@pytest.mark.parametrize("source", ["commit", "notify", "poll"])
def test_a_worker_that_rests_is_woken_by(
    effects: Effects, since: Counts, settings: Any, source: Any
) -> None:
    settings.EVENTBUS = {**settings.EVENTBUS, "poll_seconds": 0}
    stop = threading.Event()

    def step() -> int:
        stop.set()
        if source != "poll":
            wakeup.ring(source)
        return 0

    worker = threading.Thread(target=_loop, args=(stop, step, wakeup.readers))
    worker.start()
    worker.join()

    assert since("wakeups_total", source=source) == 1
    assert sum(since("wakeups_total", source=each) for each in ("commit", "notify", "poll")) == 1


def test_many_values_are_observed_as_each_would_be() -> None:
    page = CollectorRegistry()
    values = [0, 0.1, 0.10001, 1, 2.5, 7, 1e9]  # few: one by one
    many = values * 2
    one_by_one = Histogram("one", "", ["x"], buckets=(0.1, 1, 7), registry=page).labels("y")
    together = metrics.Distribution("all", "", ["x"], buckets=(0.1, 1, 7), registry=page)
    for value in values + many:
        one_by_one.observe(value)
    together.labels("y").observe_all(values)
    together.labels("y").observe_all(many)
    together.labels("y").observe_all([])

    for bound, count in (("0.1", 6), ("1.0", 12), ("7.0", 18), ("+Inf", 21)):
        labels = {"x": "y", "le": bound}
        assert page.get_sample_value("one_bucket", labels) == count
        assert page.get_sample_value("all_bucket", labels) == count
    for suffix in ("sum", "count"):
        assert page.get_sample_value(f"all_{suffix}", {"x": "y"}) == page.get_sample_value(
            f"one_{suffix}", {"x": "y"}
        )


def test_a_worker_serves_its_own_numbers_on_a_port() -> None:
    metrics.woken("poll")
    server = serve(0, "127.0.0.1")
    try:
        with urlopen(f"http://127.0.0.1:{server.server_port}/metrics") as answer:
            text = answer.read().decode()
    finally:
        server.shutdown()
        server.server_close()

    assert (
        f'eventbus_wakeups_total{{source="poll"}} {number("wakeups_total", source="poll")}' in text
    )
    assert "eventbus_up" not in text  # the tables are the page's to tell


def test_a_port_that_is_taken_is_said_before_anything_runs() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(CommandError, match=f"No metrics at 127.0.0.1, port {port}"):
            call_command("eventbus", "run", "--metrics-port", str(port))
