"""What Prometheus is told of the bus's tables, and that it is told something without them."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError, connection, transaction
from django.utils import timezone

from eventbus import Reject, gauges, publish
from eventbus.cursors import ensure_cursors
from eventbus.engines import engine
from eventbus.engines.measures import measures
from eventbus.exposition import registry
from eventbus.models import Cursor, Event, Tick
from eventbus.testing import drain
from eventbus.tests.conftest import Effects, Followed
from eventbus.tests.test_delivery import failing, noting


def gauge(name: str, **labels: str) -> float | None:
    return registry().get_sample_value(f"eventbus_{name}", labels)


def test_lag_is_what_lies_before_the_cursor_and_how_long(effects: Effects, say: Any) -> None:
    noting(effects, "a")
    noting(effects, "deaf", "test.followed")
    ensure_cursors()
    say("k", 1, 2, 3)
    Event.objects.filter(payload__n__gt=1).update(occurred_at=timezone.now() - timedelta(hours=2))

    assert gauge("lag_events", subscriber="a") == 3
    assert 7200 <= (gauge("lag_seconds", subscriber="a") or 0) < 7260
    assert gauge("lag_events", subscriber="deaf") == gauge("lag_seconds", subscriber="deaf") == 0
    drain()
    assert gauge("lag_events", subscriber="a") == gauge("lag_seconds", subscriber="a") == 0
    assert gauge("up") == 1


def test_nobody_counts_a_backlog_to_its_end(
    effects: Effects, say: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    noting(effects, "a")
    ensure_cursors()
    say("k", 1, 2, 3)
    monkeypatch.setattr(gauges, "COUNTED", 2)

    assert gauge("lag_events", subscriber="a") == 2


def test_the_ranges_of_a_subscriber_are_told_together(effects: Effects, say: Any) -> None:
    noting(effects, "a")
    Cursor.objects.filter(subscriber="a").delete()
    Cursor.objects.create(subscriber="a", lo=0, hi=100)
    Cursor.objects.create(subscriber="a", lo=100, hi=256, paused=True)
    for n in range(8):  # on both sides, as in test_delivery
        say(f"k{n}", n)

    assert gauge("lag_events", subscriber="a") == 8
    assert gauge("paused", subscriber="a") == 1
    Cursor.objects.update(paused=False)
    assert gauge("paused", subscriber="a") == 0


def test_a_subscriber_of_elsewhere_has_no_lag_here(effects: Effects, say: Any) -> None:
    """Only its own deployment knows what it reads."""
    Cursor.objects.create(subscriber="elsewhere", lo=0, hi=256)
    say("k", 1)

    assert gauge("lag_events", subscriber="elsewhere") is None
    assert gauge("paused", subscriber="elsewhere") == 0


def test_parked_events_and_the_keys_they_hold_up(effects: Effects, say: Any) -> None:
    failing(effects, "a", *[ValueError("down")] * 4, on=1)
    failing(effects, "b", *[Reject("broken")] * 2, on=1)
    say("k", 1, 2, 3)
    say("free", 4)
    drain()

    assert gauge("parked_keys", subscriber="a") == gauge("parked_keys", subscriber="b") == 1
    assert gauge("parked_events", subscriber="a", state="retrying") == 1
    assert gauge("parked_events", subscriber="a", state="waiting") == 2
    assert (
        gauge("parked_events", subscriber="a", state="dead") == gauge("dead", subscriber="a") == 0
    )
    assert (
        gauge("parked_events", subscriber="b", state="dead") == gauge("dead", subscriber="b") == 1
    )


def test_the_size_of_the_log_and_of_the_schedule(effects: Effects, say: Any) -> None:
    say("k", 1, 2, 3)
    with transaction.atomic():
        publish(Followed(n=1), key="k", at=timezone.now() + timedelta(hours=1))
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE eventbus_event")

    assert gauge("log_rows") == 3
    assert gauge("scheduled") == 1
    assert (gauge("log_bytes") or 0) > 0


@pytest.mark.engine("postgresql")
def test_a_log_that_was_never_analysed_is_as_long_as_its_ids(effects: Effects, say: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE eventbus_event")  # forgets what an analysis may have found
    say("k", 1, 2, 3)

    assert gauge("log_rows") == 3


@pytest.mark.engine("postgresql")
def test_the_age_of_the_newest_tick(effects: Effects, say: Any) -> None:
    noting(effects, "a")
    assert gauge("tick_age_seconds") is None
    say("k", 1)
    drain()
    Tick.objects.update(created_at=timezone.now() - timedelta(hours=1))

    assert 3600 <= (gauge("tick_age_seconds") or 0) < 3660


@pytest.mark.engine("postgresql")
def test_the_oldest_writing_transaction_of_others(effects: Effects) -> None:
    other = connection.copy()
    with other.cursor() as cursor:
        cursor.execute("BEGIN")
        cursor.execute("SELECT 1")
        assert gauge("oldest_writer_xact_seconds") == 0  # it only reads
        cursor.execute("SELECT pg_current_xact_id()")
        assert (gauge("oldest_writer_xact_seconds") or 0) > 0
        cursor.execute("ROLLBACK")
    other.close()

    assert gauge("oldest_writer_xact_seconds") == 0


@pytest.mark.engine("postgresql")
def test_no_query_holds_the_web_up(effects: Effects) -> None:
    def limit() -> str:
        with connection.cursor() as cursor:
            cursor.execute("SHOW statement_timeout")
            return str(cursor.fetchone()[0])

    before = limit()
    with measures().no_longer_than(2):
        assert limit() == "2s"
    assert limit() == before


def test_without_the_database_the_answer_is_down(
    effects: Effects, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def gone(*_: object) -> None:
        raise OperationalError("connection refused")

    monkeypatch.setattr(engine(), "clock", gone)

    assert gauge("up") == 0
    assert gauge("scheduled") is None
    assert "connection refused" in caplog.text


def test_an_error_of_the_code_is_no_matter_of_the_database(
    effects: Effects, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine(), "clock", lambda: 1 / 0)

    with pytest.raises(ZeroDivisionError):
        gauge("up")


def test_every_gauge_is_named_without_asking_the_database() -> None:
    names = {metric.name for metric in gauges.TableGauges().describe()}

    assert names == {f"eventbus_{name}" for name in (*gauges.GAUGES, "up")}
