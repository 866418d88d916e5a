"""A person's data is blanked wherever the bus keeps it, and wherever it comes from later."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import transaction
from django.utils import timezone

from eventbus import Envelope, Personal, Reject, erase, event, payload, publish, subscribe
from eventbus.engines import engine
from eventbus.erasure import blank_late
from eventbus.models import Erased, Event, Intervention, Parked, Scheduled
from eventbus.operating import retry_dead
from eventbus.registry import subscribers
from eventbus.schema import encode
from eventbus.testing import drain
from eventbus.tests.conftest import Effects, Followed
from eventbus.tests.test_visibility import another_connection, on_postgresql, run


@payload
class Address:
    street: Personal[str]
    country: str


@payload
class Contact:
    kind: str
    value: Personal[str]


@event("test.met", version=1, subject="who", private=True)
class Met:
    """Everything that can be personal."""

    who: str
    name: Personal[str]
    n: int
    age: Personal[int] = 30
    alive: Personal[bool] = True
    wealth: Personal[Decimal] = Decimal("1.50")
    born: Personal[datetime] = datetime(1990, 1, 1, tzinfo=UTC)
    passport: Personal[UUID] = UUID(int=7)
    nick: Personal[str | None] = "ada"
    home: Address = Address(street="Main 1", country="IE")
    work: Address | None = Address(street="Side 2", country="UK")
    summer: Address | None = None
    contacts: tuple[Contact, ...] = (Contact(kind="mail", value="a@b.c"),)
    tags: Personal[tuple[str, ...]] = ("tall",)
    all_of_it: Personal[Address] = Address(street="Dark 3", country="FR")


BLANK = {
    "who": "u1",
    "name": "",
    "n": 1,
    "age": 0,
    "alive": False,
    "wealth": "0",
    "born": "1970-01-01T00:00:00+00:00",
    "passport": "00000000-0000-0000-0000-000000000000",
    "nick": None,
    "home": {"street": "", "country": "IE"},
    "work": {"street": "", "country": "UK"},
    "summer": None,
    "contacts": [{"kind": "mail", "value": ""}],
    "tags": [],
    "all_of_it": {"street": "", "country": ""},
}


@payload
class Person:
    n: int
    name: str


def meet(n: int = 1, who: str = "u1", **more: Any) -> UUID:
    with transaction.atomic():
        return publish(Met(who=who, name="Ada", n=n), key=who, **more)


def hearing(effects: Effects, *failures: Exception, **options: Any) -> list[str]:
    """The subscriber "a", and the names that it gets to read."""
    names, left = [], list(failures)

    @subscribe("test.met", subscriber="a", **options)
    def hear(view: Person, envelope: Envelope) -> None:
        if left:
            raise left.pop()
        names.append(view.name)
        effects.note("a", envelope.key, view.n)

    return names


def test_the_log_the_parked_and_the_scheduled_are_blanked(effects: Effects) -> None:
    hearing(effects, Reject("broken"), Reject("broken"))
    meet()
    drain()
    meet(2, at=timezone.now() + timedelta(days=1))
    meet(3, who="u2")
    dead = Parked.objects.get()
    Intervention.objects.create(
        act="edit", by="ops", event_id=dead.event_id, payload={**dead.payload, "name": "Eve"},
        subscriber="a", at=timezone.now(),
    )  # fmt: skip
    assert erase("u1", by="user:7", reason="asked for it") == 3
    for model, n in ((Event, 1), (Parked, 1), (Scheduled, 2)):
        row = model.objects.get(subject="u1")
        assert row.payload == {**BLANK, "n": n}
        assert row.headers["erased"] is True
        assert "correlation_id" in row.headers
    other = Event.objects.get(subject="u2")
    assert other.payload["name"] == "Ada"
    assert "erased" not in other.headers
    edit, act = Intervention.objects.order_by("id")
    assert edit.payload == BLANK
    assert (act.act, act.by, act.reason, act.key) == ("erase", "user:7", "asked for it", "u1")


def test_a_second_erasure_changes_nothing(effects: Effects) -> None:
    meet()
    assert erase("u1", by="ops") == 1
    before = list(Event.objects.values()), list(Erased.objects.values())
    assert erase("u1", by="ops") == 0
    assert before == (list(Event.objects.values()), list(Erased.objects.values()))
    assert Intervention.objects.count() == 1


@pytest.mark.parametrize("subject", ["", "x" * 129])
def test_nobody_cannot_be_erased(effects: Effects, subject: str) -> None:
    with pytest.raises(ValueError, match="1 to 128"):
        erase(subject, by="ops")
    assert not Erased.objects.exists()


def test_what_is_published_later_is_blank_from_the_start(effects: Effects) -> None:
    names = hearing(effects)
    erase("u1", by="ops")
    meet(1)
    meet(2, at=timezone.now() - timedelta(seconds=1))
    meet(3, who="u2")
    drain()
    assert sorted(names) == ["", "", "Ada"]
    assert [row.payload["name"] for row in Event.objects.filter(subject="u1")] == ["", ""]


def test_a_scheduled_event_that_was_missed_is_blanked_when_it_is_due(effects: Effects) -> None:
    """Its transaction was open during the erasure."""
    meet(at=timezone.now() - timedelta(seconds=1))
    Erased.objects.create(subject="u1", erased_at=timezone.now())
    drain()
    row = Event.objects.get()
    assert (row.payload["name"], row.headers["erased"]) == ("", True)


def test_what_follows_from_an_erased_event_is_not_erased_itself(effects: Effects) -> None:
    @subscribe("test.met", subscriber="a")
    def answer(view: Person, envelope: Envelope) -> None:
        publish(Followed(n=view.n), key="k")

    erase("u1", by="ops")
    meet()
    drain()
    assert "erased" not in Event.objects.get(name="test.followed").headers


def test_handlers_may_do_without_the_erased(effects: Effects) -> None:
    names = hearing(effects, skip_erased=True)
    erase("u1", by="ops")
    meet(1)
    meet(2, who="u2")
    drain()
    assert names == ["Ada"]
    assert drain() == 0
    assert Parked.objects.count() == 0


def test_a_dead_letter_of_the_erased_is_done_without_its_handler(effects: Effects) -> None:
    names = hearing(effects, Reject("broken"), Reject("broken"), skip_erased=True)
    meet()
    drain()
    erase("u1", by="ops")
    retry_dead(None)
    drain()
    assert names == []
    assert Parked.objects.count() == 0


def test_a_call_about_the_erased_is_not_made(effects: Effects) -> None:
    called = []

    @subscribe("test.met", subscriber="a", external=True, skip_erased=True)
    def call(view: Person) -> None:
        called.append(view.n)

    meet(1)
    from eventbus.cursors import ensure_cursors
    from eventbus.delivery import run_batch
    from eventbus.models import Cursor

    ensure_cursors()
    engine().refresh()
    cursor = Cursor.objects.get(subscriber="a")
    run_batch(engine(), subscribers["a"], cursor.pk, limit=10)
    assert Parked.objects.get().state == "to call"
    erase("u1", by="ops")
    meet(2)
    drain()
    assert called == []
    assert Parked.objects.count() == 0


def test_what_is_parked_from_memory_after_the_erasure_is_blanked_later(effects: Effects) -> None:
    """The batch had read it before."""
    hearing(effects, Reject("broken"), Reject("broken"))
    meet()
    drain()
    Erased.objects.create(subject="u1", erased_at=engine().clock())
    assert blank_late(engine()) == 2
    assert Parked.objects.get().payload == BLANK
    assert blank_late(engine()) == 0


def test_an_erasure_long_ago_is_not_looked_after_for_ever(effects: Effects) -> None:
    meet()
    Erased.objects.create(subject="u1", erased_at=engine().clock() - timedelta(days=2))
    assert blank_late(engine()) == 0


@on_postgresql
def test_what_was_open_during_the_erasure_is_blanked_later(effects: Effects) -> None:
    body = json.dumps(encode(Met(who="u1", name="Ada", n=1)))
    with another_connection() as slow:
        run(
            slow,
            "BEGIN",
            "INSERT INTO eventbus_event (event_id, name, version, source, key, shard, payload,"
            " headers, subject, occurred_at) VALUES"
            f" ('{uuid4()}', 'test.met', 1, 'test', 'u1', 0, '{body}', '{{}}', 'u1', now())",
        )
        assert erase("u1", by="ops") == 0
        run(slow, "COMMIT")
    assert blank_late(engine()) == 1
    assert Event.objects.get().payload == BLANK


@on_postgresql
def test_blanking_keeps_an_events_place(effects: Effects) -> None:
    """The row is written anew by a later transaction, and is not read again for that."""
    hearing(effects)
    meet()
    drain()
    erase("u1", by="ops")
    meet(2, who="u2")
    drain()
    assert effects.of("a") == [1, 2]


def test_many_events_are_blanked_in_pieces(
    effects: Effects, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("eventbus.erasure.AT_ONCE", 2)
    for n in range(5):
        meet(n)
    assert erase("u1", by="ops") == 5
    assert not [row for row in Event.objects.all() if row.payload["name"]]
