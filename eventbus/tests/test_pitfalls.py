"""What other buses have stumbled over, one test each: statements, batches, forks, databases."""

import os
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core.checks import CheckMessage
from django.db import connection, connections, transaction
from django.utils import timezone

from eventbus import NotInTransaction, Retry, publish, subscribe, thread, wakeup
from eventbus.checks import check_settings
from eventbus.cursors import ensure_cursors, ensure_cursors_after_migrate
from eventbus.engines import engine
from eventbus.models import Cursor, Event, Parked
from eventbus.testing import drain
from eventbus.tests.conftest import Effects, Happened, Number
from eventbus.tests.mortal import start
from eventbus.tests.statements import before_each, recorded
from eventbus.tests.test_delivery import LATER, noting
from eventbus.tests.test_visibility import insert, run
from eventbus.worker import Worker

on_postgresql = pytest.mark.engine("postgresql")
on_sqlite = pytest.mark.engine("sqlite")


# Statements -------------------------------------------------------------------------------------
@on_postgresql
def test_ids_are_drawn_one_by_one(effects: Effects) -> None:
    """A session that caches ids inverts the order of events that do not even overlap."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT seqcache FROM pg_sequence"
            " WHERE seqrelid = pg_get_serial_sequence('eventbus_event', 'id')::regclass"
        )
        assert cursor.fetchone() == (1,)


def test_publishing_is_one_statement(effects: Effects, settings: Any) -> None:
    """And no NOTIFY, which takes a lock of the whole cluster at commit."""
    settings.EVENTBUS = {**settings.EVENTBUS, "mode": "manual"}
    with transaction.atomic(), recorded() as statements:
        publish(Happened(n=1), key="k")
    assert len(statements) == 1
    assert statements[0].startswith("INSERT INTO eventbus_event")


@on_postgresql
def test_others_are_notified_after_the_commit_and_beside_it(
    effects: Effects, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.EVENTBUS = {**settings.EVENTBUS, "mode": "worker"}
    monkeypatch.setattr("eventbus.notify._start_notifier", lambda: None)
    with recorded() as statements, transaction.atomic():
        publish(Happened(n=1), key="k")
    assert [sql for sql in statements if "NOTIFY" in sql.upper()] == []


def test_a_batch_sets_no_savepoints(effects: Effects, say: Any) -> None:
    """More than 64 of them in a transaction slow down everybody who reads its rows."""
    noting(effects, "a")
    say("k", *range(100))
    with recorded() as statements:
        drain()
    assert effects.of("a") == list(range(100))
    assert [sql for sql in statements if "SAVEPOINT" in sql.upper()] == []


@on_postgresql
def test_what_is_committed_between_any_two_statements_is_neither_lost_nor_doubled(
    effects: Effects,
) -> None:
    """Two statements of one transaction see two states of the log under READ COMMITTED. Here one
    transaction that was begun early commits before each of them, the latest begun first."""
    noting(effects, "a")
    drain()
    count = 40
    others = [connection.copy() for _ in range(count)]
    try:
        for n, other in enumerate(others):
            run(other, "BEGIN", insert(n, key=f"k{n}"))
        waiting, busy = list(others), False

        def commit_one(cursor: Any, sql: str, params: Any) -> None:
            nonlocal busy
            if waiting and not busy:
                busy = True
                run(waiting.pop(), "COMMIT", insert(1000 + len(waiting), key="k"))
                busy = False

        worker = Worker()
        with before_each(commit_one):
            while waiting:
                worker.step()
        drain()
    finally:
        for other in others:
            other.close()
    assert sorted(n for n in effects.of("a") if n < 1000) == list(range(count))
    assert effects.of("a", "k") == list(reversed(range(1000, 1000 + count)))


# Batches and keys -------------------------------------------------------------------------------
def test_a_batch_of_slow_handlers_is_cut(effects: Effects, say: Any) -> None:
    """At 50 ms: it holds the locks of all that it has changed. The rest is not acknowledged with
    it, it comes in the next batch."""

    @subscribe("test.happened", subscriber="a")
    def sleep(view: Number) -> None:
        time.sleep(0.06)
        effects.note("a", "k", view.n)

    say("k", 0)
    worker = Worker()
    worker.step()
    say("k", 1, 2, 3)
    for n in range(1, 4):
        assert worker.step() == 1
        assert effects.of("a") == list(range(n + 1))


def test_a_full_batch_leaves_the_rest_for_the_next(
    effects: Effects, say: Any, settings: Any
) -> None:
    settings.EVENTBUS = {**settings.EVENTBUS, "batch": 2}
    noting(effects, "a")
    say("k", *range(7))
    worker = Worker()
    while worker.step():
        pass
    assert effects.of("a") == list(range(7))


def test_a_retry_in_the_future_stalls_no_other_key(effects: Effects, say: Any) -> None:
    """Nor does it stall the retry of another key that is due."""

    @subscribe("test.happened", subscriber="a")
    def note(view: Number) -> None:
        if view.n in trouble:
            raise Retry(after=trouble[view.n])
        effects.note("a", "k", view.n)

    trouble = {1: timedelta(days=1), 2: timedelta(0)}
    say("far", 1)
    say("near", 2)
    drain()
    trouble.clear()
    say("far", 3)
    say("other", 4)
    drain(now=timezone.now() + LATER)
    assert sorted(effects.of("a")) == [2, 4]
    assert Parked.objects.values_list("key", "state").order_by("position")[0] == ("far", "retrying")
    drain(now=timezone.now() + timedelta(days=2))
    assert effects.of("a")[-2:] == [1, 3]


def test_a_subscriber_has_its_cursor_from_the_migration_on(effects: Effects) -> None:
    noting(effects, "a")
    ensure_cursors_after_migrate(using="default")
    assert list(Cursor.objects.filter(subscriber="a").values_list("lo", "hi")) == [(0, 256)]


# Transactions and databases ---------------------------------------------------------------------
@pytest.mark.django_db
def test_inside_a_tests_own_transaction_nobody_is_woken(
    django_capture_on_commit_callbacks: Any,
) -> None:
    before = wakeup.readers.rings
    with django_capture_on_commit_callbacks() as callbacks, transaction.atomic():
        publish(Happened(n=1), key="k")
    assert wakeup.readers.rings == before
    assert len(callbacks) == 1


def test_a_page_in_one_transaction_is_a_wrong_setting(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """ATOMIC_REQUESTS: a publish would be rolled back by what the page does after it."""
    assert problems() == []
    monkeypatch.setitem(settings.DATABASES["default"], "ATOMIC_REQUESTS", True)
    assert problems() == ["eventbus.E002"]


def problems() -> list[str | None]:
    found: list[CheckMessage] = check_settings(None)
    return [problem.id for problem in found]


@pytest.fixture
def elsewhere() -> Iterator[str]:
    """Another database of the project, where the bus is not."""
    connections["elsewhere"] = connection.copy()
    yield "elsewhere"
    connections["elsewhere"].close()
    del connections["elsewhere"]


def test_a_transaction_of_another_database_is_none_of_the_bus(
    effects: Effects, elsewhere: str
) -> None:
    """The rows would be committed there and the event here, or only one of the two."""
    with transaction.atomic(using=elsewhere), pytest.raises(NotInTransaction):
        publish(Happened(n=1), key="k")
    assert Event.objects.count() == 0


@on_sqlite
def test_a_reader_that_turns_writer_is_not_refused(effects: Effects) -> None:
    """A deferred transaction would be: "database is locked", at once, whatever its time-out."""
    done = threading.Event()

    def write() -> None:
        try:
            with transaction.atomic():
                publish(Happened(n=2), key="k")
            done.set()
        finally:
            engine().close()

    other = threading.Thread(target=write)
    with transaction.atomic():
        assert Event.objects.count() == 0
        other.start()
        assert not done.wait(0.1)  # it waits its turn
        publish(Happened(n=1), key="k")
    other.join()
    assert [event.payload["n"] for event in Event.objects.order_by("id")] == [1, 2]


# Processes ----------------------------------------------------------------------------------------
def parent_and_child(effects: Effects) -> None:
    """A process with open connections and the bus in a thread is forked; both go on working."""
    noting(effects, "a")
    ensure_cursors()
    Event.objects.count()
    thread.start()
    child = os.fork()
    if child == 0:  # it must not close the connections, which are its parent's too
        os._exit(0 if thread.is_alive() and wait_for(effects, 1) else 1)
    assert os.waitpid(child, 0)[1] == 0
    os._exit(0 if thread.is_alive() else 1)  # at once, whatever its threads wait for


def wait_for(effects: Effects, count: int) -> bool:
    """Whether so many effects come, asked on a connection of this process's own."""
    connections["default"] = connection.copy()
    with transaction.atomic():
        publish(Happened(n=1), key="k")
    give_up = time.monotonic() + 20
    while len(effects.of("a")) < count and time.monotonic() < give_up:
        time.sleep(0.01)
    return len(effects.of("a")) == count


def test_a_forked_process_gets_a_thread_and_connections_of_its_own(effects: Effects) -> None:
    process = start(parent_and_child, effects)
    process.join()
    assert process.exitcode == 0
    assert effects.of("a") == [1]
