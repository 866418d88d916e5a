"""Events that cannot be handled, are too big, or come twice: they stop their key and no other."""

import json
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from uuid_utils.compat import uuid7

from eventbus import Reject, event, payload, publish, subscribe
from eventbus.engines import engine
from eventbus.models import Event, Parked
from eventbus.operating import retry_dead
from eventbus.registry import subscribers
from eventbus.shards import shard_of
from eventbus.testing import drain, published, redeliver
from eventbus.tests.conftest import Effects, Followed, Happened, Number
from eventbus.tests.test_delivery import LATER, noting
from eventbus.worker import Worker

MEGABYTE = 2**20


@event("test.bulky", version=1, private=True)
class Bulky:
    """A fact with much to it."""

    text: str


@payload
class Text:
    text: str


def insert(body: object, *, key: str, version: int = 1) -> None:
    """An event as another release, or another program, has written it."""
    with transaction.atomic():
        engine().append(
            {
                "event_id": uuid7(),
                "name": "test.happened",
                "version": version,
                "source": "test",
                "key": key,
                "shard": shard_of(key),
                "payload": body,
                "headers": {},
                "subject": "",
                "occurred_at": timezone.now(),
            }
        )


UNREADABLE = [None, [], "text", 1, {}, {"n": "1"}, {"n": None}, {"n": 1.5}, {"N": 1}, [{"n": 1}]]


@pytest.mark.parametrize("body", UNREADABLE, ids=json.dumps)
def test_a_payload_that_does_not_parse_is_a_dead_letter(
    effects: Effects, say: Any, body: object
) -> None:
    noting(effects, "a")
    say("good", 1)
    insert(body, key="bad")
    say("bad", 2)
    say("good", 3)
    drain()
    assert effects.of("a") == [1, 3]
    letter, waiting = Parked.objects.order_by("position")
    assert (letter.state, letter.attempts, letter.payload) == ("dead", 1, body)
    assert "Unreadable" in letter.error
    assert waiting.state == "waiting"


def test_a_version_that_nobody_knows_is_read_for_what_it_has(effects: Effects, say: Any) -> None:
    """Fields are only ever added: what has them is readable, what has not is a dead letter."""
    noting(effects, "a")
    insert({"n": 1, "colour": "red"}, key="newer", version=99)
    insert({"number": 2}, key="other", version=99)
    say("k", 3)
    drain()
    assert sorted(effects.of("a")) == [1, 3]
    letter = Parked.objects.get()
    assert (letter.state, letter.version, letter.key) == ("dead", 99, "other")
    assert ".n: is missing" in letter.error


@pytest.mark.parametrize(
    "error", [ValueError("down"), Reject("never"), SystemExit(1), MemoryError()]
)
def test_an_exception_of_any_kind_stops_its_key_only(
    effects: Effects, say: Any, error: BaseException
) -> None:
    @subscribe("test.happened", subscriber="a")
    def note(view: Number) -> None:
        if view.n == 2:
            raise error
        effects.note("a", "k", view.n)

    say("good", 1)
    say("bad", 2, 4)
    say("good", 3)
    drain()
    assert effects.of("a") == [1, 3]
    assert type(error).__name__ in Parked.objects.earliest("position").error
    assert Parked.objects.count() == 2


def test_an_exception_without_end_in_its_words_is_cut(effects: Effects, say: Any) -> None:
    @subscribe("test.happened", subscriber="a")
    def fail(view: Number) -> None:
        raise ValueError("x" * MEGABYTE)

    say("k", 1)
    drain()
    assert len(Parked.objects.get().error) <= 4000


def test_a_megabyte_travels_whole_and_is_parked_whole(effects: Effects) -> None:
    text = "é" * (MEGABYTE // 2)
    heard: list[str] = []

    @subscribe("test.bulky", subscriber="a")
    def hear(view: Text) -> None:
        if not mended:
            raise ValueError("down")
        heard.append(view.text)

    mended: list[bool] = []
    for n in range(3):
        with transaction.atomic():
            publish(Bulky(text=f"{n}{text}"), key="k")
    drain()
    assert heard == []
    mended.append(True)
    drain(now=timezone.now() + LATER)
    assert heard == [f"{n}{text}" for n in range(3)]
    assert Parked.objects.count() == 0


# Twice ----------------------------------------------------------------------------------------
def test_every_event_delivered_twice_takes_effect_once(effects: Effects, say: Any) -> None:
    """By the handler's guard, which finds that there is nothing left to do."""

    @subscribe("test.happened", subscriber="a")
    def note_once(view: Number) -> None:
        if view.n not in effects.of("a"):
            effects.note("a", "k", view.n)
            publish(Followed(n=view.n), key="k")

    for n in range(5):
        say(f"k{n}", n)
    drain()
    for n in range(5):
        redeliver("test.happened", key=f"k{n}", subscriber="a")
    drain()
    assert sorted(effects.of("a")) == list(range(5))
    assert len(published("test.followed")) == 5


def test_what_a_second_delivery_publishes_is_refused_with_all_that_it_did(
    effects: Effects, say: Any
) -> None:
    """Without a guard: the events of one cause have the same ids, so the log has them already."""

    @subscribe("test.happened", subscriber="a")
    def note(view: Number) -> None:
        effects.note("a", "k", view.n)
        publish(Followed(n=view.n), key="k")

    say("k", 1)
    drain()
    with pytest.raises(IntegrityError):
        redeliver("test.happened", key="k", subscriber="a")
    assert effects.of("a") == [1]
    assert published("test.followed") == [{"n": 1}]


def test_an_event_that_is_appended_twice_is_refused(effects: Effects) -> None:
    """The same id with another payload would be two truths."""
    with transaction.atomic():
        publish(Happened(n=1), key="k")
    row = Event.objects.get()
    columns = ("event_id", "name", "version", "source", "key", "shard", "subject", "occurred_at")
    twin = {column: getattr(row, column) for column in columns}
    with pytest.raises(IntegrityError), transaction.atomic():
        engine().append(twin | {"payload": {"n": 2}, "headers": {}})
    assert published("test.happened") == [{"n": 1}]


def test_a_dead_letter_retried_again_and_again_takes_effect_once(
    effects: Effects, say: Any
) -> None:
    def refuse(view: Number) -> None:
        raise Reject("broken")

    subscribe("test.happened", subscriber="a")(refuse)
    say("k", 1, 2)
    drain()
    for _ in range(3):
        assert retry_dead(None) == 1
        drain()
        assert Parked.objects.earliest("position").state == "dead"
    subscribers.clear()
    noting(effects, "a")
    assert retry_dead(None) == 1
    assert retry_dead(None) == 0
    while Worker().step():
        pass
    assert effects.of("a") == [1, 2]
    assert not connection.in_atomic_block
