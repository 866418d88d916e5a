"""Batch handlers: runs of events at once, exactly once, none past another of its key."""

from collections.abc import Sequence
from typing import Any
from uuid import uuid4

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from eventbus import Envelope, Retry, publish, subscribe
from eventbus.cursors import ensure_cursors
from eventbus.errors import AmbiguousCause, BadDeclaration
from eventbus.models import Cursor, Event, Parked
from eventbus.registry import subscribers
from eventbus.runs import cut
from eventbus.testing import drain
from eventbus.tests.conftest import Effects, Followed, Happened, Number, OtherHappened
from eventbus.worker import Worker

NAMES = ("test.happened", "test.followed", "other.happened")


def in_batches(effects: Effects, *, names: Sequence[str] = NAMES[:1]) -> list[list[int]]:
    """A subscriber "a" that notes its numbers run by run, and fails on a run with a 13 in it."""
    runs: list[list[int]] = []

    @subscribe(*names, subscriber="a", batch=True)
    def note(views: Sequence[Number], envelopes: Sequence[Envelope]) -> None:
        runs.append([view.n for view in views])
        for view, envelope in zip(views, envelopes, strict=True):
            effects.note("a", envelope.key, view.n)
        if 13 in runs[-1]:
            raise ValueError(13)

    return runs


def read_all() -> None:
    ensure_cursors()
    worker = Worker()
    while worker.step():
        pass


def test_a_batch_handler_takes_the_events_of_many_keys_at_once(effects: Effects, say: Any) -> None:
    runs = in_batches(effects)
    for n in range(5):
        say(f"k{n}", n)
    drain()
    assert runs == [[0, 1, 2, 3, 4]]
    assert effects.of("a") == [0, 1, 2, 3, 4]


def test_no_run_has_a_key_twice(effects: Effects, say: Any) -> None:
    runs = in_batches(effects)
    for key, n in [("k", 1), ("l", 2), ("k", 3), ("m", 4), ("k", 5)]:
        say(key, n)
    drain()
    assert runs == [[1, 2], [3, 4], [5]]
    assert effects.of("a", "k") == [1, 3, 5]


def test_one_key_of_two_sources_is_two_keys(effects: Effects, say: Any) -> None:
    runs = in_batches(effects, names=NAMES)
    say("k", 1)
    say("k", 2, cls=OtherHappened)
    drain()
    assert runs == [[1, 2]]


def test_a_run_that_fails_is_tried_event_by_event(effects: Effects, say: Any) -> None:
    runs = in_batches(effects)
    for key, n in [("k", 1), ("l", 13), ("m", 3), ("l", 4)]:
        say(key, n)
    drain()
    assert runs == [[1, 13, 3], [1], [13], [3]]
    assert effects.of("a") == [1, 3]
    assert list(Parked.objects.order_by("position").values_list("state", flat=True)) == [
        "retrying",
        "waiting",
    ]


def test_what_a_batch_publishes_names_its_cause(effects: Effects, say: Any) -> None:
    @subscribe("test.happened", subscriber="a", batch=True)
    def answer(views: Sequence[Number], envelopes: Sequence[Envelope]) -> None:
        for view, envelope in zip(views, envelopes, strict=True):
            publish(Followed(n=view.n), key=envelope.key)
            publish(Followed(n=view.n), key="elsewhere", cause=envelope)

    say("k", 1)
    say("l", 2)
    drain()
    causes = {e.payload["n"]: str(e.event_id) for e in Event.objects.filter(name="test.happened")}
    followed = Event.objects.filter(name="test.followed")
    assert sorted((e.key, e.payload["n"]) for e in followed) == [
        *(("elsewhere", 1), ("elsewhere", 2), ("k", 1), ("l", 2))
    ]
    assert all(event.headers["causation_id"] == causes[event.payload["n"]] for event in followed)


def test_a_cause_that_cannot_be_told_is_asked_for(effects: Effects, say: Any) -> None:
    @subscribe("test.happened", subscriber="a", batch=True)
    def answer(views: Sequence[Number]) -> None:
        if len(views) > 1:
            with pytest.raises(AmbiguousCause):
                publish(Followed(n=1), key="elsewhere")

    say("k", 1)
    say("l", 2)
    drain()
    assert not Parked.objects.exists()
    assert not Event.objects.filter(name="test.followed").exists()


def test_another_runs_event_is_no_cause(effects: Effects, say: Any) -> None:
    """The ids of what is published are derived from the cause: the same twice would be one event."""
    seen: list[Envelope] = []

    @subscribe("test.happened", subscriber="a")
    def answer(view: Number, envelope: Envelope) -> None:
        seen.append(envelope)
        if len(seen) > 1:
            with pytest.raises(AmbiguousCause):
                publish(Followed(n=1), key="k", cause=seen[0])

    say("k", 1, 2)
    drain()
    assert len(seen) == 2
    assert not Event.objects.filter(name="test.followed").exists()


def test_a_batch_must_be_annotated_as_one() -> None:
    with pytest.raises(BadDeclaration, match="Sequence"):

        @subscribe("test.happened", subscriber="a", batch=True)
        def note(view: Number) -> None: ...


def test_handled_before_a_failure_is_handled_together_again(
    effects: Effects, say: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A failing event costs its batch three transactions more, not one for each event."""
    commits = []
    leave = transaction.Atomic.__exit__

    def count(self: Any, kind: Any, *args: Any) -> Any:
        commits.append(kind is None)
        return leave(self, kind, *args)

    @subscribe("test.happened", subscriber="a")
    def note(view: Number, envelope: Envelope) -> None:
        if view.n == 6:
            raise Retry("not now")
        effects.note("a", envelope.key, view.n)

    for n in range(8):
        say(f"k{n}", n)
    ensure_cursors()
    worker = Worker()
    worker.reader.calm = set(Cursor.objects.values_list("pk", flat=True))
    monkeypatch.setattr("django.db.transaction.Atomic.__exit__", count)
    worker.step()
    monkeypatch.undo()
    # rolled back; 0-5 again; 6 alone, rolled back; 6 parked. 7 comes with the next step.
    assert commits == [False, True, False, True]
    worker.step()
    assert effects.of("a") == [0, 1, 2, 3, 4, 5, 7]


def test_an_event_of_several_names_takes_one_run(effects: Effects, say: Any) -> None:
    runs = in_batches(effects, names=NAMES)
    say("k", 1)
    say("l", 2, cls=Followed)
    drain()
    assert runs == [[1, 2]]


def envelope(position: int, name: str, key: str) -> Envelope:
    return Envelope(
        position=position, event_id=uuid4(), name=name, version=1, source=name.partition(".")[0],
        key=key, payload={}, headers={}, occurred_at=timezone.now(),
    )  # fmt: skip


@given(
    drawn=st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from("klm")), max_size=30),
    batched=st.sets(st.sampled_from(NAMES)),
    muted=st.sets(st.integers(0, 29)),
)
def test_runs_keep_the_order_of_every_key(
    drawn: list[tuple[str, str]], batched: set[str], muted: set[int]
) -> None:
    for name in NAMES:

        def plain(view: Number) -> None: ...

        def several(views: Sequence[Number]) -> None: ...

        subscribe(name, subscriber="a", batch=name in batched)(
            several if name in batched else plain
        )
    events = [envelope(place, name, key) for place, (name, key) in enumerate(drawn)]
    runs = cut(events, subscribers.pop("a").handlers, frozenset(muted))
    made = [event for run in runs for event in run.events]
    assert sorted(event.position for event in made) == list(range(len(events)))
    for identity in {(event.source, event.key) for event in events}:
        mine = [e.position for e in made if (e.source, e.key) == identity]
        assert mine == sorted(mine)
    for run in runs:
        identities = [(event.source, event.key) for event in run.events]
        assert len(identities) == len(set(identities))
        assert len(run.events) == 1 or run.handler.batch
        assert run.last == max(event.position for event in run.events)
        assert {event.position in muted for event in run.events} == {run.muted}


def test_runs_are_as_long_as_they_can_be() -> None:
    @subscribe("test.happened", subscriber="a", batch=True)
    def several(views: Sequence[Number]) -> None: ...

    @subscribe("other.happened", subscriber="a")
    def plain(view: Number) -> None: ...

    keys = [("test.happened", "k"), ("other.happened", "k"), ("test.happened", "l")]
    events = [envelope(place, name, key) for place, (name, key) in enumerate(keys)]
    runs = cut(events, subscribers["a"].handlers, frozenset())
    assert [[event.position for event in run.events] for run in runs] == [[0, 2], [1]]


def test_a_cut_batch_loses_and_doubles_nothing(effects: Effects, say: Any, settings: Any) -> None:
    """Runs out of the log's order are cut only where what is handled is the front of the batch."""
    settings.EVENTBUS = {**settings.EVENTBUS, "batch_seconds": 0}
    in_batches(effects)

    @subscribe("other.happened", subscriber="a")
    def plain(view: Number, envelope: Envelope) -> None:
        effects.note("a", envelope.key, view.n)

    for n in range(6):
        say(f"k{n % 4}", n, cls=(Happened, OtherHappened)[n % 2])
    drain()
    assert sorted(effects.of("a")) == [0, 1, 2, 3, 4, 5]
