"""An operator decides about an event: retry, skip, edit, redeliver."""

from typing import Any

import pytest
from django.db import transaction

from eventbus import Envelope, Reject, operating, registry, subscribe
from eventbus.engines import engine
from eventbus.errors import NotFound, Refused
from eventbus.models import Event, Intervention, Parked
from eventbus.testing import drain
from eventbus.tests.conftest import Effects, Followed, Number
from eventbus.tests.test_delivery import failing, noting

WHO = {"by": "ada", "reason": "the supplier sent nonsense"}


def dead_letter(effects: Effects, say: Any, *numbers: int) -> Parked:
    """The dead letter 1 of key k, with the numbers waiting behind it."""
    failing(effects, "a", *[Reject("broken")] * 2, on=1)
    say("k", 1, *numbers)
    drain()
    return Parked.objects.get(state="dead")


def interventions() -> list[tuple[str, str, str]]:
    return list(Intervention.objects.order_by("id").values_list("act", "by", "reason"))


def test_a_skipped_event_counts_as_done_and_the_next_comes_forward(
    effects: Effects, say: Any
) -> None:
    dead = dead_letter(effects, say, 2, 3)
    operating.skip(dead.pk, **WHO)
    drain()
    assert effects.of("a") == [2, 3]
    assert Parked.objects.count() == 0
    noted = Intervention.objects.get()
    assert (noted.act, noted.subscriber, noted.key) == ("skip", "a", "k")
    assert (noted.event_id, noted.by, noted.reason) == (dead.event_id, *WHO.values())


def test_what_is_being_retried_can_be_skipped(effects: Effects, say: Any) -> None:
    failing(effects, "a", *[ValueError("down")] * 9, on=1)
    say("k", 1, 2)
    drain()
    operating.skip(Parked.objects.get(state="retrying").pk, **WHO)
    drain()
    assert effects.of("a") == [2]


@pytest.mark.parametrize("reason", ["", "  \n"])
def test_skipping_needs_a_reason(effects: Effects, say: Any, reason: str) -> None:
    dead = dead_letter(effects, say)
    with pytest.raises(Refused, match="reason"):
        operating.skip(dead.pk, by="ada", reason=reason)
    assert Parked.objects.get().state == "dead"
    assert interventions() == []


def test_skipping_needs_a_name(effects: Effects, say: Any) -> None:
    dead = dead_letter(effects, say, 2)
    with pytest.raises(Refused, match="who you are"):
        operating.skip(dead.pk, by=" ", reason="because")
    assert sorted(Parked.objects.values_list("state", flat=True)) == ["dead", "waiting"]


def test_what_waits_behind_another_is_not_skipped(effects: Effects, say: Any) -> None:
    dead = dead_letter(effects, say, 2)
    behind = Parked.objects.get(state="waiting")
    with pytest.raises(Refused, match=f"{behind.pk} waits behind {dead.pk}"):
        operating.skip(behind.pk, **WHO)
    with pytest.raises(NotFound, match="999999"):
        operating.skip(999_999, **WHO)
    assert Parked.objects.count() == 2
    assert interventions() == []


@pytest.mark.parametrize("state", ["calling", "owed"])
def test_what_others_have_in_hand_is_left_alone(effects: Effects, say: Any, state: str) -> None:
    dead = dead_letter(effects, say)
    Parked.objects.update(state=state)
    with pytest.raises(Refused):
        operating.skip(dead.pk, **WHO)
    with pytest.raises(Refused):
        operating.edit(dead.pk, payload={"n": 5}, **WHO)
    assert Parked.objects.get().state == state
    assert interventions() == []


def test_a_call_that_was_not_begun_can_be_skipped(effects: Effects, say: Any) -> None:
    called = []

    @subscribe("test.happened", subscriber="a", external=True)
    def call(view: Number) -> None:
        called.append(view.n)
        if view.n == 1:
            raise ValueError("down")

    say("k", 1, 2)
    drain()
    head = Parked.objects.earliest("position")
    assert (head.state, head.attempts) == ("to call", 1)
    operating.skip(head.pk, **WHO)
    drain()
    assert called == [1, 2]
    assert Parked.objects.count() == 0


def test_an_edited_event_is_read_as_edited(effects: Effects, say: Any) -> None:
    dead = dead_letter(effects, say, 2)
    operating.edit(dead.pk, payload={"n": 5}, **WHO)
    edited = Parked.objects.get(pk=dead.pk)
    assert (edited.state, edited.attempts, edited.error) == ("retrying", 0, "")
    drain()
    assert effects.of("a") == [5, 2]
    assert Event.objects.earliest("id").payload == {"n": 1}  # the log is never changed
    noted = Intervention.objects.get()
    assert (noted.act, noted.event_id, noted.payload) == ("edit", dead.event_id, {"n": 5})


@pytest.mark.parametrize("payload", [{}, {"n": "five"}, [5], None, 5])
def test_what_the_handler_cannot_read_is_refused(effects: Effects, say: Any, payload: Any) -> None:
    dead = dead_letter(effects, say)
    with pytest.raises(Refused, match="a cannot read that"):
        operating.edit(dead.pk, payload=payload, **WHO)
    kept = Parked.objects.get()
    assert (kept.state, kept.payload) == ("dead", {"n": 1})
    assert interventions() == []


@pytest.mark.engine("postgresql")
def test_what_the_database_cannot_hold_is_refused(effects: Effects, say: Any) -> None:
    dead = dead_letter(effects, say)
    for payload, reason in (({"n": 5, "x": "\0"}, "fine"), ({"n": 5}, "not \0 fine")):
        with pytest.raises(Refused, match="cannot hold"):
            operating.edit(dead.pk, payload=payload, by="ada", reason=reason)
    assert Parked.objects.get().state == "dead"
    assert interventions() == []


def test_an_edit_is_of_the_events_own_version(
    effects: Effects, say: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def second(payload: Any) -> Any:
        return {"n": payload["number"]}

    monkeypatch.setitem(registry.upcasters, ("a", "test.happened", 1), second)
    noting(effects, "a")
    say("k", 1)
    drain()
    dead = Parked.objects.get()  # KeyError: there is no "number"
    with pytest.raises(Refused, match="number"):
        operating.edit(dead.pk, payload={"n": 5}, **WHO)
    operating.edit(dead.pk, payload={"number": 5}, **WHO)
    drain()
    assert effects.of("a") == [5]


def test_an_event_without_a_handler_can_be_skipped_but_not_edited(
    effects: Effects, say: Any
) -> None:
    dead = dead_letter(effects, say, 2)
    registry.subscribers.clear()
    with pytest.raises(Refused, match="a has no handler for test"):
        operating.edit(dead.pk, payload={"n": 5}, **WHO)
    operating.skip(dead.pk, **WHO)
    assert Parked.objects.get().payload == {"n": 2}


def test_dead_letters_are_retried_by_what_they_have_in_common(effects: Effects, say: Any) -> None:
    @subscribe("test.happened", "test.followed", subscriber="a")
    @subscribe("test.happened", subscriber="b")
    def fail(view: Number, envelope: Envelope) -> None:
        raise Reject(f"order {envelope.event_id} {'lacks' if view.n < 3 else 'has'} {view.n} lines")

    say("j", 1)
    say("k", 2)
    say("l", 3)
    say("m", 1, cls=Followed)
    drain()
    assert operating.retry_dead(event="test.followed") == 1
    drain()
    assert operating.retry_dead(subscriber="b", error=error_of("j")) == 2
    waiting = Parked.objects.filter(state="retrying").values_list("subscriber", "key")
    assert sorted(waiting) == [("b", "j"), ("b", "k")]
    assert operating.retry_dead(error="no such") == 0
    groups = operating.dead_groups()
    assert sorted((each["letters"], each["subscriber"], each["event"]) for each in groups) == [
        (1, "a", "test.followed"),
        (1, "a", "test.happened"),
        (1, "b", "test.happened"),
        (2, "a", "test.happened"),
    ]
    assert groups[0]["error"].endswith("order # lacks # lines")


def error_of(key: str) -> str:
    return operating.letters.last_line(Parked.objects.filter(key=key).first().error)  # type: ignore[union-attr]


def test_an_act_and_its_record_are_one(effects: Effects, say: Any) -> None:
    """What is rolled back was not done, and nobody reads that it was."""
    dead = dead_letter(effects, say)

    def skip_and_fail() -> None:
        with transaction.atomic():
            operating.skip(dead.pk, **WHO)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        skip_and_fail()
    assert Parked.objects.get().state == "dead"
    assert interventions() == []
    engine().release()
