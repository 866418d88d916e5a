"""What an operator asks of the bus's past, by the command."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import CommandError
from django.utils import timezone

from eventbus import publish, republisher
from eventbus.models import Cursor, Erased, Event, Intervention, Rebuild
from eventbus.registry import republishers
from eventbus.testing import drain
from eventbus.tests.conftest import Effects, Happened
from eventbus.tests.test_delivery import noting
from eventbus.tests.test_erasure import hearing, meet
from eventbus.tests.test_operating import command, data
from eventbus.tests.test_replay import answers, projecting


def test_a_subscriber_is_rebuilt(effects: Effects, say: Any) -> None:
    projecting(effects)
    say("k", 1, 2)
    drain()
    assert command("replay", "a", "--from", "beginning", "--by", "ops", "--reason", "wrong") == (
        "a reads again, in 1 range.\n"
    )
    drain()
    assert effects.of("a") == [1, 2]
    assert answers() == [1, 2]
    assert Intervention.objects.earliest("id").by == "ops"


def test_a_rebuild_is_tried_first(effects: Effects, say: Any) -> None:
    broken: set[int] = set()
    projecting(effects, fails=lambda n: n in broken)
    say("k", 1, 2, 3)
    drain()
    broken.add(2)
    trial = ("replay", "a", "--from", "beginning", "--dry-run")
    lines = command(*trial).splitlines()
    assert lines[:2] == [
        "1 events would be handled, 1 would wait.",
        "Not published test.followed again: 1.",
    ]
    assert lines[2].startswith("Failed: test.happened k: eventbus.errors.Reject:")
    assert data(*trial)["muted"] == {"published test.followed": 1}
    assert not Rebuild.objects.exists()
    assert effects.of("a") == [1, 2, 3]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("nobody", "--from", "beginning"), "No subscriber 'nobody' runs here"),
        (("a", "--from", "yesterday"), "no place in the log"),
        (("stern", "--from", "now"), "does not allow it"),
    ],
)
def test_a_rebuild_that_cannot_be_is_refused(
    effects: Effects, arguments: tuple[str, ...], says: str
) -> None:
    projecting(effects)
    noting(effects, "stern")
    drain()
    with pytest.raises(CommandError, match=says):
        command("replay", *arguments)
    assert not Rebuild.objects.exists()


def test_a_state_is_told_afresh(effects: Effects) -> None:
    try:

        @republisher("test.happened")
        def tell(keys: Any) -> int:
            for key in keys or ["all"]:
                publish(Happened(n=0), key=key)
            return len(keys or ["all"])

        said = command("republish", "test.happened", "--key", "j", "--key", "k")
        assert said == "test.happened published for 2 keys.\n"
        assert command("republish", "test.happened") == "test.happened published for 1 key.\n"
    finally:
        republishers.pop("test.happened")
    assert list(Event.objects.order_by("id").values_list("key", flat=True)) == ["j", "k", "all"]
    with pytest.raises(CommandError, match=r"Not: test\.happened"):
        command("republish", "test.happened")


def test_the_log_is_pruned(effects: Effects, say: Any, settings: Any) -> None:
    noting(effects, "a")
    say("k", 1, 2)
    drain()
    Event.objects.update(occurred_at=timezone.now() - timedelta(days=15))
    assert data("prune", "--dry-run") == {"dry run": True, "events": 2, "kept by": []}
    assert command("prune", "--days", "15.5").startswith("0 events are gone.\n")
    Cursor.objects.create(subscriber="new", lo=0, hi=256)
    assert "new" in command("prune")
    Cursor.objects.filter(subscriber="new").delete()
    said = command("prune")
    assert said == "2 events are gone.\nNobody has yet to read what is older.\n"
    settings.EVENTBUS = {**settings.EVENTBUS, "retention_days": 0}
    with pytest.raises(CommandError, match="say --days"):
        command("prune")
    with pytest.raises(CommandError, match="0 to 36500"):
        command("prune", "--days", "-1")


def test_a_blocker_is_told_to_scripts(effects: Effects, say: Any) -> None:
    say("k", 1)
    Cursor.objects.create(subscriber="new", lo=0, hi=256)
    Event.objects.update(occurred_at=timezone.now() - timedelta(days=15))
    [blocker] = data("prune")["kept by"]
    assert (blocker["subscriber"], blocker["events"], blocker["alone"]) == ("new", 1, 1)
    assert json.dumps(blocker["since"])


def test_a_person_is_erased(effects: Effects) -> None:
    hearing(effects)
    meet()
    assert command("erase", "u1", "--by", "ops") == "u1 is erased; 1 events were blanked.\n"
    assert command("erase", "u1", "--by", "ops") == "u1 is erased; 0 events were blanked.\n"
    assert Event.objects.get().payload["name"] == ""
    assert Erased.objects.get().subject == "u1"
    with pytest.raises(CommandError, match="1 to 128"):
        command("erase", "")
