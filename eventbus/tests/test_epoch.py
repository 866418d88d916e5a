"""A log that was restored into another cluster goes on exactly where it was."""

import shutil
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from eventbus import Envelope, publish, subscribe
from eventbus.cursors import ensure_cursors, prepare
from eventbus.delivery import run_batch
from eventbus.engines import engine
from eventbus.epoch import TooYoungACluster, guard
from eventbus.models import Cluster, Cursor, Event, Parked, Rebuild, Tick
from eventbus.registry import subscribers
from eventbus.replay import replay
from eventbus.testing import drain
from eventbus.tests.conftest import Effects, Followed, Number
from eventbus.tests.test_delivery import noting
from eventbus.tests.test_visibility import another_connection, insert, on_postgresql, run


@pytest.fixture(autouse=True)
def unknown_cluster(effects: Effects) -> None:
    """The flush after the test before has made the bus remember this one."""
    Cluster.objects.all().delete()


def numbers_of(model: type[Any]) -> list[Any]:
    column = "snapshot::text" if model is Tick else "xid::text::bigint"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT id, {column} FROM {model._meta.db_table} ORDER BY id")
        return cursor.fetchall()


def restored(*, further_by: int) -> None:
    """As after a dump and restore from a cluster whose counter was so much further."""
    Cluster.objects.update(identifier="1")
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE eventbus_event SET xid = (xid::text::bigint + %s)::text::xid8", [further_by]
        )
        for tick, snapshot in numbers_of(Tick):
            xmin, xmax, xip = snapshot.split(":")
            moved = [str(int(xid) + further_by) for xid in xip.split(",") if xid]
            cursor.execute(
                "UPDATE eventbus_tick SET snapshot = %s WHERE id = %s",
                [f"{int(xmin) + further_by}:{int(xmax) + further_by}:{','.join(moved)}", tick],
            )


def less_far() -> int:
    """As far back as the numbers allow: the old cluster had counted less than this one."""
    smallest = min(int(snapshot.split(":")[0]) for _, snapshot in numbers_of(Tick))
    return 3 - min(smallest, *(xid for _, xid in numbers_of(Event)))


FURTHER = [pytest.param(lambda: 10**12, id="behind the old"), pytest.param(less_far, id="ahead")]
FURTHER.append(pytest.param(lambda: 0, id="as far"))


@on_postgresql
def test_the_cluster_is_remembered_and_recognized(effects: Effects) -> None:
    assert guard(engine()) is False
    known = Cluster.objects.get()
    assert int(known.identifier) > 10**17
    assert guard(engine()) is False
    assert Cluster.objects.get() == known


@on_postgresql
@pytest.mark.parametrize("further_by", FURTHER)
def test_everybody_goes_on_exactly_where_they_were(
    effects: Effects, say: Any, further_by: Any
) -> None:
    """One that was done, one in the middle of a target, one that had not begun; an event that was
    committed late, and events of the new cluster from before the conversion."""
    noting(effects, "done")
    noting(effects, "amid")
    ensure_cursors()
    guard(engine())
    with another_connection() as slow:
        run(slow, "BEGIN", insert(1))
        say("k", 2, 3, 4, 5)
        engine().refresh()
        for name, limit in (("done", 100), ("amid", 2)):
            run_batch(engine(), subscribers[name], cursor_of(name).pk, limit=limit)
        run(slow, "COMMIT")
    say("k", 6)
    Cursor.objects.create(subscriber="absent", lo=0, hi=256)
    restored(further_by=further_by())
    say("k", 7, 8)

    assert guard(engine()) is True
    assert guard(engine()) is False
    assert max(xid for _, xid in numbers_of(Event)) < 10
    assert Tick.objects.count() == 1
    noting(effects, "absent")
    drain()
    say("k", 9)
    drain(seed=1)
    assert effects.of("done") == [2, 3, 4, 5, 1, 6, 7, 8, 9]
    assert effects.of("amid") == [2, 3, 4, 5, 1, 6, 7, 8, 9]
    assert effects.of("absent") == [1, 2, 3, 4, 5, 6, 7, 8, 9]


def cursor_of(subscriber: str) -> Cursor:
    return Cursor.objects.get(subscriber=subscriber)


@on_postgresql
@pytest.mark.parametrize("further_by", FURTHER)
def test_a_rebuild_goes_on_too(effects: Effects, say: Any, further_by: Any) -> None:
    @subscribe("test.happened", subscriber="a", replay=True)
    def answer(view: Number, envelope: Envelope) -> None:
        effects.note("a", envelope.key, view.n)
        publish(Followed(n=view.n), key=envelope.key)

    say("k", 1, 2, 3)
    drain()
    guard(engine())
    say("k", 4)
    replay("a", "beginning", by="ops")
    engine().refresh()
    run_batch(engine(), subscribers["a"], cursor_of("a").pk, limit=2)
    assert Rebuild.objects.exists()
    restored(further_by=further_by())
    say("k", 5)
    assert guard(engine()) is True
    drain()
    assert effects.of("a") == [1, 2, 3, 1, 2, 3, 4, 5]
    told = Event.objects.filter(name="test.followed").order_by("id")
    assert [event.payload["n"] for event in told] == [1, 2, 3, 4, 5]
    assert not Rebuild.objects.exists()


@on_postgresql
def test_without_the_conversion_events_would_be_lost(effects: Effects, say: Any) -> None:
    """So the tests above could fail."""
    noting(effects, "a")
    say("k", 1)
    drain()
    guard(engine())
    restored(further_by=10**12)
    say("k", 2)
    drain()
    assert effects.of("a") == [1]


@on_postgresql
def test_a_worker_looks_before_it_reads(effects: Effects, say: Any) -> None:
    noting(effects, "a")
    say("k", 1)
    drain()
    guard(engine())
    restored(further_by=10**12)
    say("k", 2)
    prepare()
    drain()
    assert effects.of("a") == [1, 2]


@on_postgresql
def test_a_cluster_that_has_hardly_begun_is_refused(
    effects: Effects, say: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    noting(effects, "a")
    say("k", 1)
    drain()
    guard(engine())
    restored(further_by=10**12)
    before = numbers_of(Event), numbers_of(Tick)
    monkeypatch.setattr("eventbus.epoch.BASE", 10**11)
    with pytest.raises(TooYoungACluster, match="use some"):
        guard(engine())
    assert before == (numbers_of(Event), numbers_of(Tick))
    assert Cluster.objects.get().identifier == "1"


@pytest.mark.engine("sqlite")
def test_a_copied_file_goes_on_where_it_was(effects: Effects, say: Any, tmp_path: Path) -> None:
    """Positions are ids, and the copy has the sequence too."""
    noting(effects, "a")
    say("k", 1, 2)
    drain()
    say("k", 3)
    position, end = cursor_of("a").pos, Event.objects.latest("id").pk
    copy = sqlite3.connect(tmp_path / "copy.sqlite3")
    connection.ensure_connection()
    connection.connection.backup(copy)
    shutil.copy(tmp_path / "copy.sqlite3", tmp_path / "again.sqlite3")
    copy.close()
    again = sqlite3.connect(tmp_path / "again.sqlite3")
    try:
        unread = "SELECT id FROM eventbus_event WHERE id > (SELECT pos FROM eventbus_cursor)"
        assert again.execute("SELECT pos FROM eventbus_cursor").fetchall() == [(position,)]
        assert again.execute(unread).fetchall() == [(end,)]
        table = "SELECT seq FROM sqlite_sequence WHERE name = 'eventbus_event'"
        assert again.execute(table).fetchall() == [(end,)]
    finally:
        again.close()
    assert guard(engine()) is False
    assert Cluster.objects.count() == Parked.objects.count() == 0
