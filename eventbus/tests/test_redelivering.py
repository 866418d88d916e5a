"""An operator has an event handled once more, with all its effects."""

from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from eventbus import Envelope, Reject, operating, publish, replay, subscribe
from eventbus.errors import NotFound, Refused
from eventbus.models import Cursor, Event, Intervention, Parked, Rebuild
from eventbus.testing import drain
from eventbus.tests.conftest import Effects, Followed, Number
from eventbus.tests.test_delivery import failing, noting
from eventbus.tests.test_mending import WHO, dead_letter, interventions


def following(effects: Effects) -> None:
    """A subscriber that notes what it hears and says something in turn."""

    @subscribe("test.happened", subscriber="a")
    def follow(view: Number, envelope: Envelope) -> None:
        effects.note("a", envelope.key, view.n)
        publish(Followed(n=view.n), key=envelope.key)


def test_a_redelivered_event_has_its_effects_again(effects: Effects, say: Any) -> None:
    following(effects)
    say("k", 1, 2)
    drain()
    first = Event.objects.earliest("id")
    operating.redeliver(first.event_id, "a", **WHO)
    drain()
    assert effects.of("a") == [1, 2, 1]
    assert Parked.objects.count() == 0
    followed = Event.objects.filter(name="test.followed")
    caused = [event for event in followed if event.payload == {"n": 1}]
    assert len(caused) == 2
    assert {event.headers["causation_id"] for event in caused} == {str(first.event_id)}
    assert not any("redelivery" in event.headers for event in caused)
    assert interventions() == [("redeliver", *WHO.values())]


def test_what_comes_during_a_redelivery_waits_behind_it(effects: Effects, say: Any) -> None:
    noting(effects, "a")
    say("k", 1)
    drain()
    operating.redeliver(Event.objects.get().event_id, "a", **WHO)
    say("k", 2)
    drain(seed=3)
    assert effects.of("a") == [1, 1, 2]


def test_a_redelivery_that_is_skipped_leaves_the_first_delivery_counting(
    effects: Effects, say: Any
) -> None:
    """A replay handles the event: it was handled, and only its repetition was given up."""
    noting(effects, "a")
    say("k", 1)
    drain()
    event = Event.objects.get()
    operating.redeliver(event.event_id, "a", **WHO)
    operating.skip(Parked.objects.get().pk, **WHO)
    drain()
    assert effects.of("a") == [1]
    skipped = Intervention.objects.get(act="skip")
    assert skipped.event_id is None
    assert str(event.event_id) in skipped.reason


def test_an_event_that_was_edited_is_redelivered_as_edited(effects: Effects, say: Any) -> None:
    operating.edit(dead_letter(effects, say).pk, payload={"n": 5}, **WHO)
    drain()
    operating.redeliver(Event.objects.get().event_id, "a", **WHO)
    drain()
    assert effects.of("a") == [5, 5]
    assert Intervention.objects.get(act="redeliver").payload == {"n": 5}


def test_what_was_skipped_and_then_redelivered_is_skipped_no_more(
    effects: Effects, say: Any
) -> None:
    @subscribe("test.happened", subscriber="a", replay=True)
    def note(view: Number) -> None:
        if view.n == 1 and not effects.of("a"):
            raise Reject("broken")
        effects.note("a", "k", view.n)

    say("k", 1, 2)
    drain()
    event = Event.objects.earliest("id").event_id
    operating.skip(Parked.objects.get(state="dead").pk, **WHO)
    drain()
    assert outcome(event) == "skipped"
    operating.redeliver(event, "a", **WHO)
    drain()
    assert outcome(event) == "past it"
    replay.replay("a", "beginning", by="ada")
    drain()
    assert effects.of("a") == [2, 1, 1, 2]


def outcome(event: Any) -> str:
    return str(operating.show(str(event))["subscribers"][0]["state"])


def test_an_external_call_is_made_again(effects: Effects, say: Any) -> None:
    called = []

    @subscribe("test.happened", subscriber="a", external=True)
    def call(view: Number) -> None:
        called.append(view.n)

    say("k", 1)
    drain()
    operating.redeliver(Event.objects.get().event_id, "a", **WHO)
    assert Parked.objects.get().state == "to call"
    drain()
    assert called == [1, 1]


def test_an_event_that_the_subscriber_has_yet_to_read_is_not_redelivered(
    effects: Effects, say: Any
) -> None:
    """It would be parked twice, and the subscriber would never get past it."""
    noting(effects, "a")
    drain()
    say("k", 1)
    with pytest.raises(Refused, match="yet to come"):
        operating.redeliver(Event.objects.get().event_id, "a", **WHO)
    drain()
    assert effects.of("a") == [1]


def test_no_redelivery_past_what_is_parked_paused_or_rebuilt(effects: Effects, say: Any) -> None:
    failing(effects, "a", *[Reject("broken")] * 2, on=2)
    say("k", 1)
    say("j", 7)
    drain()
    done = Event.objects.get(key="j").event_id
    say("j", 2)
    drain()
    again = {"subscriber": "a", **WHO}
    with pytest.raises(Refused, match="parked"):
        operating.redeliver(done, **again)
    operating.skip(Parked.objects.get().pk, **WHO)
    operating.pause_key("a", "test", "j", by="ada")
    with pytest.raises(Refused, match="paused"):
        operating.redeliver(done, **again)
    operating.resume_key("a", "test", "j", by="ada")
    Rebuild.objects.create(
        cursor=Cursor.objects.get(subscriber="a"), pos=0, started_at=timezone.now()
    )
    with pytest.raises(Refused, match="rebuilt"):
        operating.redeliver(done, **again)
    Rebuild.objects.all().delete()
    with pytest.raises(Refused, match="b has no handler"):
        operating.redeliver(done, "b", **WHO)
    with pytest.raises(Refused, match="reason"):
        operating.redeliver(done, "a", by="ada", reason=" ")
    unknown = uuid4()
    with pytest.raises(NotFound, match=str(unknown)):
        operating.redeliver(unknown, "a", **WHO)
    assert Parked.objects.count() == 0
    assert effects.of("a") == [1, 7]
