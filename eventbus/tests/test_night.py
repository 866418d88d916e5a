"""What an operator is told at 3 a.m.: what waits and why, what to do next, and what was mistyped."""

import logging
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import CommandError
from django.db import OperationalError, connection
from django.utils import timezone

from eventbus import Reject, operating, subscribe
from eventbus.models import Cursor, Event, Intervention, Parked
from eventbus.registry import subscribers
from eventbus.testing import drain
from eventbus.tests.conftest import Effects, Number
from eventbus.tests.test_delivery import LATER, failing, noting
from eventbus.tests.test_operating import command, data

DEAD = "Dead letters need a person: `eventbus dead`, or `eventbus dead --group`."
PARKED = "What else is set aside, and until when: `eventbus parked`."
PAUSED = "Who paused what, and why: `eventbus paused`."


def steps() -> list[str]:
    """What `status` says below its table."""
    _, _, below = command("status").partition("\n\n")
    return below.splitlines()


def test_status_says_what_to_look_at_next(effects: Effects, say: Any) -> None:
    noting(effects, "a")
    failing(effects, "b", *[Reject("broken")] * 2, on=1)
    say("k", 1)
    drain()
    assert steps() == [DEAD]
    say("k", 2)
    drain()
    assert steps() == [DEAD, PARKED]
    operating.pause_key("a", "test", "k", by="ada")
    assert steps() == [DEAD, PARKED, PAUSED]
    operating.resume_key("a", "test", "k", by="ada")
    operating.skip(Parked.objects.get(state="dead").pk, by="ada", reason="spam")
    drain()
    assert steps() == []


def test_it_asks_for_a_worker_only_when_something_waits_for_long(
    effects: Effects, say: Any
) -> None:
    noting(effects, "a")
    say("k", 1)
    assert steps() == []
    Event.objects.update(occurred_at=timezone.now() - timedelta(minutes=2))
    assert [step.split(":")[0] for step in steps()] == [
        "Behind for over a minute", "If it is merely busy",
    ]  # fmt: skip
    operating.pause("a", by="ada")
    assert steps() == [PAUSED]


def test_it_explains_careful_workers_and_subscribers_that_are_not_here(effects: Effects) -> None:
    noting(effects, "a")
    drain()
    Cursor.objects.filter(subscriber="a").update(careful_until=9)
    assert [step.split(":")[0] for step in steps()] == ["Careful"]
    subscribers.clear()
    assert [step.split(":")[0] for step in steps()] == ["Not here"]


def test_all_that_is_parked_is_listed_with_what_it_waits_for(effects: Effects, say: Any) -> None:
    failing(effects, "a", Reject("broken"), Reject("broken"), on=1)
    failing(effects, "b", ValueError("down"), ValueError("down"), on=1)

    @subscribe("test.happened", subscriber="c", external=True)
    def call(view: Number) -> None:
        raise ValueError("down")

    assert command("parked") == "Nothing is parked.\n"
    say("k", 1, 2)
    drain()
    rows = sorted(data("parked"), key=lambda row: row["id"])
    assert {(row["subscriber"], row["state"], row["attempts"]) for row in rows} == {
        ("a", "dead", 1), ("a", "waiting", 0),
        ("b", "retrying", 1), ("b", "waiting", 0),
        ("c", "to call", 1), ("c", "waiting", 0),
    }  # fmt: skip
    due = {row["subscriber"]: row["next_at"] is not None for row in rows if row["error"]}
    assert due == {"a": False, "b": True, "c": True}
    assert "the 2 that have been parked longest" in command("parked", "-n", "2")
    assert len(data("parked", "--subscriber", "b")) == 2
    assert data("parked", "--event", "test.followed") == []


def test_what_rests_is_listed_with_who_paused_it_last_and_why(effects: Effects) -> None:
    noting(effects, "a")
    noting(effects, "b")
    drain()
    assert command("paused") == "Nothing is paused.\n"
    for reason in ("the first", "the second"):
        operating.pause("b", by="ada", reason=reason)
        operating.pause_key("a", "test", "k", by="ben", reason=reason)
        if reason == "the first":
            operating.resume("b", by="ada")
            operating.resume_key("a", "test", "k", by="ben")
    rows = [
        [row[name] for name in ("subscriber", "source", "key", "by", "reason")]
        for row in data("paused")
    ]
    assert rows == [["a", "test", "k", "ben", "the second"], ["b", "", "", "ada", "the second"]]
    assert "eventbus resume" in command("paused")
    Intervention.objects.all().delete()
    assert [row["since"] for row in data("paused")] == [None, None]


@pytest.mark.parametrize(
    "act",
    [
        ["dead", "--subscriber"], ["dead", "--group", "--subscriber"], ["parked", "--subscriber"],
        ["history", "--subscriber"], ["retry", "--subscriber"], ["pause"], ["resume"], ["merge"],
    ],
)  # fmt: skip
def test_a_mistyped_subscriber_is_no_quiet_one(effects: Effects, act: list[str]) -> None:
    noting(effects, "payments")
    drain()
    with pytest.raises(CommandError, match=r"'paymets'\. There are: payments\."):
        command(*act, "paymets")


def test_what_a_subscriber_that_is_gone_left_is_found(effects: Effects, say: Any) -> None:
    failing(effects, "a", *[Reject("broken")] * 2, on=1)
    say("k", 1)
    drain()
    subscribers.clear()
    Cursor.objects.all().delete()
    assert [row["subscriber"] for row in data("dead", "--subscriber", "a")] == ["a"]
    operating.drop("a", by="ada", reason="gone", force=True)
    assert [row["act"] for row in data("history", "--subscriber", "a")] == ["drop"]


def test_a_group_is_retried_by_its_error_as_the_table_cuts_it(effects: Effects, say: Any) -> None:
    failing(effects, "a", *[Reject("long " * 99)] * 2, on=1)
    failing(effects, "b", *[Reject("short")] * 2, on=1)
    say("k", 1)
    drain()
    row = next(line for line in command("dead", "--group").splitlines() if "long" in line)
    shown = row[row.index("eventbus.errors") :]
    assert shown.endswith("…")
    assert command("retry", "--error", shown) == "1 to be tried again.\n"
    assert command("retry", "--error", "…") == "1 to be tried again.\n"


def test_a_database_that_fails_is_told_in_a_sentence(
    effects: Effects, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away() -> None:
        raise OperationalError("connection refused")

    monkeypatch.setattr(operating, "status", away)
    with pytest.raises(CommandError, match=r"database failed: connection refused \(Is it there"):
        command("status")
    assert connection.is_usable()


def test_a_failure_is_logged_without_what_may_be_personal(
    effects: Effects, say: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "eventbus.parking")
    failing(effects, "a", *[ValueError("of ada@example.com")] * 2, Reject("too"), on=1)
    say("ada@example.com", 1)
    drain()
    drain(now=timezone.now() + LATER)
    event = Event.objects.get().event_id
    told = [
        (each.levelname, each.getMessage())
        for each in caplog.records
        if each.name == "eventbus.parking"
    ]
    again = f"a failed to handle test.happened {event}, which will be tried again: ValueError"
    dead = f"a has a dead letter, test.happened: Reject. See `manage.py eventbus show {event}`"
    assert told == [("INFO", again), ("ERROR", dead)]
    assert "ada@example.com" not in str(told)
