"""A small world of its own for the bus's tests: two events, empty registry, a table of effects."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection, transaction
from prometheus_client import REGISTRY

from eventbus import event, payload, publish
from eventbus.engines import engine
from eventbus.registry import subscribers

Counts = Callable[..., float]


@event("test.happened", version=1, private=True)
class Happened:
    """Something, numbered."""

    n: int


@event("test.followed", version=1, private=True)
class Followed:
    """Something that a handler published."""

    n: int


@event("other.happened", version=1, private=True)
class OtherHappened:
    """The same from another source."""

    n: int


@payload
class Number:
    n: int


class Effects:
    """What handlers did, in a table of the bus's database: it commits and rolls back with them."""

    def note(self, subscriber: str, key: object, n: int) -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO eventbus_test_effect (subscriber, key, n) VALUES (%s, %s, %s)",
                [subscriber, str(key), n],
            )

    def of(self, subscriber: str, key: object = None) -> list[int]:
        """The numbers noted, in the order they were."""
        with connection.cursor() as cursor:
            of_key, params = ("", []) if key is None else ("AND key = %s", [str(key)])
            cursor.execute(
                f"SELECT n FROM eventbus_test_effect WHERE subscriber = %s {of_key} ORDER BY id",
                [subscriber, *params],
            )
            return [n for (n,) in cursor.fetchall()]


@pytest.fixture(scope="session")
def effect_table(django_db_setup: None, django_db_blocker: Any) -> None:
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        serial = "SERIAL" if connection.vendor == "postgresql" else "INTEGER"
        cursor.execute(
            f"CREATE TABLE IF NOT EXISTS eventbus_test_effect (id {serial} PRIMARY KEY,"
            " subscriber VARCHAR(100) NOT NULL, key VARCHAR(128) NOT NULL, n INTEGER NOT NULL)"
        )


@pytest.fixture
def effects(effect_table: None, transactional_db: None) -> Effects:
    """For tests with real commits."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM eventbus_test_effect")
        # The flush after the test before has made some for the subscribers of that test.
        cursor.execute("DELETE FROM eventbus_cursor")
    return Effects()


@pytest.fixture(autouse=True)
def registry(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No subscribers but the test's own."""
    before = dict(subscribers)
    subscribers.clear()
    yield
    subscribers.clear()
    subscribers.update(before)
    engine().release()


@pytest.fixture
def say() -> Callable[..., None]:
    """Publish numbers under a key, each in a transaction of its own."""

    def say_numbers(key: object, *numbers: int, cls: type = Happened) -> None:
        for n in numbers:
            with transaction.atomic():
                publish(cls(n=n), key=key)

    return say_numbers


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
