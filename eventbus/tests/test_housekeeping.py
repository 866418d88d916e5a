"""Workers forget what is old, piece by piece."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from eventbus import housekeeping
from eventbus.engines import engine
from eventbus.housekeeping import tidy
from eventbus.models import Event
from eventbus.testing import drain
from eventbus.tests.conftest import Effects
from eventbus.tests.test_delivery import noting
from eventbus.worker import Worker

OLD = timedelta(days=15)


def an_old_log(effects: Effects, say: Any) -> None:
    noting(effects, "a")
    say("k", 1, 2, 3)
    drain()
    Event.objects.update(occurred_at=timezone.now() - OLD)


def test_old_events_go_in_pieces(
    effects: Effects, say: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("eventbus.retention.prune_some.__kwdefaults__", {"most": 2}, raising=True)
    an_old_log(effects, say)
    assert tidy(engine())
    assert Event.objects.count() == 1
    assert tidy(engine())
    assert not tidy(engine())
    assert Event.objects.count() == 0


def test_for_ever_is_a_setting(effects: Effects, say: Any, settings: Any) -> None:
    settings.EVENTBUS = {**settings.EVENTBUS, "retention_days": 0}
    an_old_log(effects, say)
    assert not tidy(engine())
    assert Event.objects.count() == 3


def test_a_worker_does_it_piece_by_piece_and_then_now_and_then(
    effects: Effects, say: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    pieces = []
    monkeypatch.setattr(housekeeping, "tidy", lambda bus: pieces.append(1) or len(pieces) < 3)
    worker = Worker()
    worker.step()
    assert len(pieces) == 0
    worker.housekeeping.due_at -= housekeeping.FIRST_SECONDS
    for _ in range(5):
        worker.step()
    assert len(pieces) == 3
    worker.housekeeping.due_at -= housekeeping.EVERY_SECONDS
    worker.step()
    assert len(pieces) == 4


def test_a_failing_piece_does_not_stop_the_events(
    effects: Effects, say: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(bus: Any) -> bool:
        raise RuntimeError("no")

    monkeypatch.setattr(housekeeping, "tidy", fail)
    noting(effects, "a")
    drain()
    say("k", 1)
    worker = Worker()
    worker.housekeeping.due_at = 0
    for _ in range(3):
        worker.step()
    assert effects.of("a") == [1]
