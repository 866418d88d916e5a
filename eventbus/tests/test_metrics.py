"""What is committed is counted, once; what is rolled back is in no number."""

import socket
import threading
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any
from urllib.request import urlopen

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.utils import timezone
from prometheus_client import REGISTRY, CollectorRegistry, Histogram

from eventbus import Reject, metrics, publish, subscribe, unschedule, wakeup
from eventbus.cursors import ensure_cursors
from eventbus.delivery import run_batch
from eventbus.engines import engine
from eventbus.exposition import serve
from eventbus.models import Cursor, Event, Rebuild
from eventbus.registry import subscribers
from eventbus.testing import drain
from eventbus.tests.conftest import Effects, Followed, Happened, Number
from eventbus.tests.test_calls import calling
from eventbus.tests.test_delivery import failing, noting
from eventbus.wakeup import Bell
from eventbus.worker import _loop

LATER = timedelta(hours=1)
OUTCOMES = ("done", "parked", "retried", "dead", "skipped", "replayed")
Counts = Callable[..., float]


def number(name: str, /, **labels: str) -> float:
    return REGISTRY.get_sample_value(f"eventbus_{name}", labels) or 0


@pytest.fixture
def since() -> Counts:
    """How much a number has grown since the test began: the counters are the process's."""
    before = {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for metric in REGISTRY.collect()
        for sample in metric.samples
    }

    def grown(name: str, /, **labels: str) -> float:
        return number(name, **labels) - before.get((f"eventbus_{name}", *sorted(labels.items())), 0)

    return grown


def outcomes(since: Counts, subscriber: str, name: str = "test.happened") -> dict[str, float]:
    """Those that were counted at all."""
    found = {
        outcome: since("handled_total", subscriber=subscriber, name=name, outcome=outcome)
        for outcome in OUTCOMES
    }
    return {outcome: count for outcome, count in found.items() if count}


def test_three_handled_one_parked_one_dead_and_a_rolled_back_one_that_never_was(
    effects: Effects, say: Any, since: Counts
) -> None:
    @subscribe("test.happened", subscriber="a")
    def note(view: Number) -> None:
        if view.n == 2:
            raise ValueError("down")
        if view.n == 4:
            raise Reject("broken")

    for n in range(1, 6):
        say(n, n)
    with pytest.raises(RuntimeError), transaction.atomic():
        publish(Happened(n=9), key=9)
        raise RuntimeError
    drain()

    assert since("published_total", name="test.happened") == 5
    assert outcomes(since, "a") == {"done": 3, "parked": 1, "dead": 1}
    assert since("e2e_seconds_count", subscriber="a") == 3
    assert since("handler_seconds_count", subscriber="a", name="test.happened") == 3
    # The batch of five was rolled back; each event was then moved past alone.
    assert since("batch_size_count", subscriber="a") == 5
    assert since("batch_size_sum", subscriber="a") == 5
    assert since("retries_total", subscriber="a") == 0


def test_a_batch_is_counted_whole(effects: Effects, say: Any, since: Counts) -> None:
    noting(effects, "a")
    say("k", *range(7))
    drain()

    assert outcomes(since, "a") == {"done": 7}
    assert since("batch_size_count", subscriber="a") == 1
    assert since("batch_size_bucket", subscriber="a", le="5.0") == 0
    assert since("batch_size_bucket", subscriber="a", le="10.0") == 1
    assert since("handler_seconds_count", subscriber="a", name="test.happened") == 7


def test_a_run_of_events_is_one_call_of_its_handler(
    effects: Effects, say: Any, since: Counts
) -> None:
    @subscribe("test.happened", subscriber="a", batch=True)
    def note(views: Sequence[Number]) -> None:
        assert len(views) == 3

    for n in range(3):
        say(n, n)
    drain()

    assert outcomes(since, "a") == {"done": 3}
    assert since("handler_seconds_count", subscriber="a", name="test.happened") == 1
    assert since("e2e_seconds_count", subscriber="a") == 3


def test_a_cursor_that_moves_past_nothing_is_not_counted(
    effects: Effects, say: Any, since: Counts
) -> None:
    noting(effects, "a", "test.followed")
    ensure_cursors()
    say("k", 1)
    engine().refresh()
    run_batch(engine(), subscribers["a"], Cursor.objects.get(subscriber="a").pk, limit=10)

    assert outcomes(since, "a") == {}
    assert since("batch_size_count", subscriber="a") == 0


def test_attempts_after_the_first_are_retries(effects: Effects, say: Any, since: Counts) -> None:
    failing(effects, "a", *[ValueError("down")] * 3, on=1)
    say("k", 1, 2)
    for hour in range(4):
        drain(now=timezone.now() + LATER * hour)

    # The head failed in the batch, alone and once more; what was behind it ran for the first time.
    assert outcomes(since, "a") == {"parked": 2, "retried": 1, "done": 2}
    assert since("retries_total", subscriber="a") == 2
    assert since("handler_seconds_count", subscriber="a", name="test.happened") == 2
    assert since("e2e_seconds_count", subscriber="a") == 2


def test_the_last_attempt_is_dead(effects: Effects, say: Any, since: Counts, settings: Any) -> None:
    settings.EVENTBUS = {**settings.EVENTBUS, "max_attempts": 2}
    failing(effects, "a", *[ValueError("never")] * 9, on=1)
    say("k", 1)
    for hour in range(4):
        drain(now=timezone.now() + LATER * hour)

    assert outcomes(since, "a") == {"parked": 1, "dead": 1}
    assert since("retries_total", subscriber="a") == 1


def test_a_call_outside_is_parked_until_its_result_is_committed(
    effects: Effects, say: Any, since: Counts
) -> None:
    calling(effects, ConnectionError("away"))
    say("k", 1)
    drain()
    assert outcomes(since, "caller") == {"parked": 1, "retried": 1}
    assert since("published_total", name="test.followed") == 0
    drain(now=timezone.now() + LATER)

    assert outcomes(since, "caller") == {"parked": 1, "retried": 1, "done": 1}
    assert since("published_total", name="test.followed") == 1
    assert since("handler_seconds_count", subscriber="caller", name="test.happened") == 2
    assert since("retries_total", subscriber="caller") == 1
    assert since("e2e_seconds_count", subscriber="caller") == 1


def test_an_event_of_an_erased_subject_is_skipped(
    effects: Effects, say: Any, since: Counts
) -> None:
    @subscribe("test.happened", subscriber="a", skip_erased=True)
    def note(view: Number) -> None:
        effects.note("a", "k", view.n)

    say("k", 1, 2)
    Event.objects.filter(payload__n=1).update(headers={"erased": True})
    drain()

    assert outcomes(since, "a") == {"skipped": 1, "done": 1}
    assert since("e2e_seconds_count", subscriber="a") == 1
    assert effects.of("a") == [2]


def test_a_rebuild_is_told_apart_and_has_no_age(effects: Effects, say: Any, since: Counts) -> None:
    noting(effects, "a")
    say("k", 1, 2)
    drain()
    cursor = Cursor.objects.get(subscriber="a")
    Rebuild.objects.create(
        cursor=cursor,
        tick=cursor.tick,
        target=cursor.target,
        pos=cursor.pos,
        started_at=timezone.now(),
    )
    Cursor.objects.update(tick=None, target=None, pos=0)
    say("k", 3)
    drain()

    assert outcomes(since, "a") == {"done": 3, "replayed": 2}
    assert since("e2e_seconds_count", subscriber="a") == 3


def test_a_scheduled_event_is_published_when_it_is_due(effects: Effects, since: Counts) -> None:
    due = timezone.now() + LATER
    with transaction.atomic():
        publish(Followed(n=1), key="kept", at=due)
        publish(Followed(n=2), key="taken back", at=due)
    unschedule("test.followed", key="taken back")
    drain()
    assert since("published_total", name="test.followed") == 0
    drain(now=due)

    assert since("published_total", name="test.followed") == 1


def test_the_way_from_publication_to_effect_is_never_less_than_nothing(
    effects: Effects, say: Any, since: Counts
) -> None:
    noting(effects, "late")
    noting(effects, "early", "test.followed")
    say("k", 1)
    say("k", 2, cls=Followed)
    Event.objects.filter(name="test.happened").update(occurred_at=timezone.now() - LATER)
    Event.objects.filter(name="test.followed").update(occurred_at=timezone.now() + LATER)
    drain()

    assert 3600 <= since("e2e_seconds_sum", subscriber="late") < 3660
    assert since("e2e_seconds_count", subscriber="early") == 1
    assert since("e2e_seconds_sum", subscriber="early") == 0


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
