"""The same happens whoever works: a test's `drain`, a thread of the serving process, or worker
processes beside each other."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.db import Error, connection, transaction
from django.utils import timezone

from eventbus import Envelope, Reject, publish, subscribe, unschedule
from eventbus.cursors import ensure_cursors
from eventbus.engines import engine
from eventbus.models import Parked, Scheduled
from eventbus.operating import status
from eventbus.testing import drain, published
from eventbus.tests.conftest import Effects, Followed, Number, OtherHappened
from eventbus.tests.mortal import start
from eventbus.tests.test_worker import eventually, running
from eventbus.worker import Caller, Worker

Working = Callable[[], AbstractContextManager[object]]


def subscribe_all() -> None:
    """One of each kind. Nothing is kept in memory: several processes are to agree."""

    @subscribe("test.happened", subscriber="plain")
    def answer(view: Number, envelope: Envelope) -> None:
        Effects().note("plain", envelope.key, view.n)
        publish(Followed(n=view.n), key=envelope.key)
        if view.n == 2 and not Parked.objects.filter(event_id=envelope.event_id).exists():
            raise ConnectionError("fails until it is tried again")
        if envelope.key == "poison":
            raise Reject("never")

    @subscribe("test.followed", subscriber="batch", batch=True)
    def gather(views: Sequence[Number], envelopes: Sequence[Envelope]) -> None:
        for view, envelope in zip(views, envelopes, strict=True):
            Effects().note("batch", envelope.key, view.n)

    @subscribe("test.followed", "other.happened", subscriber="caller", external=True)
    def call(view: Number, envelope: Envelope) -> Callable[[], None]:
        return lambda: Effects().note("caller", envelope.key, view.n)


def work_until_killed() -> None:
    subscribe_all()
    worker, caller = Worker(), Caller()
    while True:
        try:
            if not worker.step() + caller.step():
                time.sleep(0.01)
        except Error:
            engine().close()


@contextmanager
def by_hand() -> Iterator[None]:
    yield
    for hour in range(3):
        drain(seed=hour, now=timezone.now() + timedelta(hours=hour))


@contextmanager
def by_processes() -> Iterator[None]:
    ensure_cursors()
    workers = [start(work_until_killed) for _ in range(2)]
    try:
        yield
        eventually(at_rest)
        assert all(worker.is_alive() for worker in workers)
    finally:
        for worker in workers:
            worker.kill()
            worker.join()


@contextmanager
def by_a_thread() -> Iterator[None]:
    with running():
        yield
        eventually(at_rest)


def at_rest() -> bool:
    """Nothing is left to do but what needs a person; all of it as of one moment, for between two
    what was behind may have been parked."""
    with transaction.atomic():
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        left = Parked.objects.exclude(key="poison").exists() or Scheduled.objects.exists()
        return not left and not any(row.behind for row in status())


@pytest.mark.process
@pytest.mark.parametrize("working", [by_hand, by_a_thread, by_processes])
def test_the_same_happens_in_every_mode(effects: Effects, say: Any, working: Working) -> None:
    subscribe_all()
    with working():
        for key in ("j", "k", "poison"):
            say(key, 1, 2, 3)
        with transaction.atomic():
            publish(OtherHappened(n=4), key="later", at=timezone.now() + timedelta(seconds=0.1))
            publish(OtherHappened(n=5), key="never", at=timezone.now() + timedelta(days=1))
            assert unschedule("other.happened", "never") == 1
    for key in ("j", "k"):
        for subscriber in ("plain", "batch", "caller"):
            assert effects.of(subscriber, key) == [1, 2, 3]
    assert effects.of("caller", "later") == [4]
    assert effects.of("plain", "poison") == []
    assert len(published("test.followed")) == 6
    assert sorted(Parked.objects.values_list("subscriber", "key", "state")) == [
        ("plain", "poison", "dead"), ("plain", "poison", "waiting"), ("plain", "poison", "waiting"),
    ]  # fmt: skip
