"""What an operator sees and does by the command."""

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from eventbus import Reject
from eventbus.models import Cursor, Event, Intervention, Parked
from eventbus.registry import subscribers
from eventbus.testing import drain
from eventbus.tests.conftest import Effects
from eventbus.tests.test_delivery import failing, noting

WHY = ("--by", "ada", "--reason", "spam")


def command(*arguments: str) -> str:
    out = StringIO()
    call_command("eventbus", *arguments, stdout=out)
    return out.getvalue()


def data(*arguments: str) -> Any:
    """What a script reads."""
    return json.loads(command(*arguments, "--json"))


def status_of(*subscribers: str) -> list[list[str]]:
    lines = [line.split() for line in command("status").splitlines()]
    return [line for line in lines if line and line[0] in subscribers]


def dead_letter(effects: Effects, say: Any) -> Parked:
    failing(effects, "b", *[Reject("broken")] * 2, on=1)
    say("k", 1)
    drain()
    return Parked.objects.get()


def test_status_says_how_far_everybody_is(effects: Effects, say: Any) -> None:
    noting(effects, "a")
    failing(effects, "b", *[Reject("broken")] * 2, on=1)
    say("k", 1, 2)
    assert [line[:3] for line in status_of("a", "b")] == [["a", "0-255", "2"], ["b", "0-255", "2"]]
    drain()
    assert [line[:8] for line in status_of("a", "b")] == [
        ["a", "0-255", "0", "-", "0", "0", "0", "running"],
        ["b", "0-255", "0", "-", "2", "1", "1", "running"],
    ]
    rows = {row["subscriber"]: row for row in data("status")}
    assert (rows["b"]["parked_keys"], rows["b"]["parked_events"], rows["b"]["dead"]) == (1, 2, 1)
    assert (rows["a"]["lo"], rows["a"]["hi"], rows["a"]["oldest_seconds"]) == (0, 256, None)


def test_dead_letters_are_listed_grouped_and_retried(effects: Effects, say: Any) -> None:
    letter = dead_letter(effects, say)
    assert "broken" in command("dead")
    assert [row["id"] for row in data("dead", "--subscriber", "b")] == [letter.pk]
    group = data("dead", "--group")[0]
    assert (group["letters"], group["error"][-6:]) == (1, "broken")
    with pytest.raises(CommandError, match="or --all"):
        command("retry")
    with pytest.raises(CommandError, match="or --all"):
        command("retry", "--all", "--subscriber", "b")
    with pytest.raises(CommandError, match="dead letters 999999"):
        command("retry", "999999")
    assert command("retry", "--error", "another") == "0 to be tried again.\n"
    assert command("retry", "--error", group["error"], "--event", "test.happened") == (
        "1 to be tried again.\n"
    )
    drain()
    assert command("dead") == "No dead letters.\n"
    assert effects.of("b") == [1]


def test_a_parked_event_is_edited_and_another_skipped(
    effects: Effects, say: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    letter = dead_letter(effects, say)
    for bad in ("{", '{"n": NaN}'):
        with pytest.raises(CommandError, match="not JSON"):
            command("edit", str(letter.pk), bad, *WHY)
    with pytest.raises(CommandError, match="cannot read"):
        command("edit", str(letter.pk), "{}", *WHY)
    monkeypatch.setattr("sys.stdin", StringIO('{"n": 5}'))
    command("edit", str(letter.pk), "-", *WHY)
    drain()
    assert effects.of("b") == [5]
    subscribers.clear()
    letter = dead_letter(effects, say)
    command("skip", str(letter.pk), *WHY)
    assert Parked.objects.count() == 0
    with pytest.raises(CommandError, match=f"parked event {letter.pk}"):
        command("skip", str(letter.pk), *WHY)
    assert list(Intervention.objects.order_by("id").values_list("act", "by", "reason")) == [
        ("edit", "ada", "spam"),
        ("skip", "ada", "spam"),
    ]


@pytest.mark.parametrize(
    "arguments",
    [["skip", "1"], ["edit", "1", "{}"], ["redeliver", "x", "b"], ["drop", "b"], ["split", "b"]],
)
def test_what_needs_a_reason_or_a_number_says_so(effects: Effects, arguments: list[str]) -> None:
    with pytest.raises(CommandError, match=r"required|invalid"):
        command(*arguments)


def test_an_event_is_shown_and_redelivered(effects: Effects, say: Any) -> None:
    noting(effects, "a")
    say("k", 1)
    drain()
    event = Event.objects.get()
    command("redeliver", str(event.event_id), "a", *WHY)
    drain()
    assert effects.of("a") == [1, 1]
    text = command("show", str(event.event_id))
    assert "correlation_id" in text
    assert "past it" in text
    assert "spam" in text
    assert '"n"' not in text
    assert '"n": 1' in command("show", str(event.pk), "--payload")
    known = data("show", str(event.pk))
    assert known["event_id"] == str(event.event_id)
    assert [row["act"] for row in known["interventions"]] == ["redeliver"]
    with pytest.raises(CommandError, match="event nothing"):
        command("show", "nothing")


def test_subscribers_and_keys_are_paused_and_resumed(effects: Effects, say: Any) -> None:
    noting(effects, "a")
    drain()
    assert command("pause", "a", "--reason", "lunch") == "a rests.\n"
    with pytest.raises(CommandError, match="paused already"):
        command("pause", "a")
    assert command("resume", "a") == "a goes on.\n"
    assert command("pause", "a", "--key", "test", "k") == "test k of a rests.\n"
    say("k", 1)
    drain()
    assert effects.of("a") == []
    assert command("resume", "a", "--key", "test", "k") == "test k of a goes on.\n"
    drain()
    assert effects.of("a") == [1]
    assert [row["reason"] for row in data("history", "-n", "2")] == ["", ""]
    assert "lunch" in command("history", "--subscriber", "a")


def test_ranges_are_split_and_merged(effects: Effects, say: Any) -> None:
    noting(effects, "a")
    drain()
    assert command("split", "a", "--into", "8") == "a has 8 ranges.\n"
    assert len(status_of("a")) == 8
    assert command("merge", "a", "--into", "3") == "a has 3 ranges.\n"
    assert command("merge", "a") == "a has 1 range.\n"
    with pytest.raises(CommandError, match="1 to 256"):
        command("split", "a", "--into", "0")
    command("split", "a", "--into", "2")
    say("k0", 1)  # of a shard below 128; nobody reads it
    Cursor.objects.filter(subscriber="a", lo=128).update(pos=7)
    with pytest.raises(CommandError, match="did not meet in time"):
        command("merge", "a", "--wait", "0")
    Cursor.objects.filter(subscriber="a", lo=128).delete()
    assert Cursor.objects.filter(subscriber="a").count() == 1


def test_subscribers_are_started_renamed_and_dropped(effects: Effects, say: Any) -> None:
    say("k", 1)
    noting(effects, "fresh")
    command("status")
    assert command("start", "fresh", "now") == "fresh begins at now.\n"
    with pytest.raises(CommandError, match="no place"):
        command("start", "fresh", "tomorrow")
    say("k", 2)
    drain()
    assert effects.of("fresh") == [2]
    with pytest.raises(CommandError, match="the code still has fresh"):
        command("drop", "fresh", *WHY)
    subscribers.clear()
    assert command("rename", "fresh", "newer") == "newer goes on where fresh stood.\n"
    assert command("drop", "newer", *WHY) == "newer is forgotten, with 0 parked events.\n"
    with pytest.raises(CommandError, match="newer"):
        command("drop", "newer", *WHY)


def test_tail_shows_the_newest_events_of_a_key(effects: Effects, say: Any) -> None:
    say("j", 1, 2)
    say("k", 3)
    lines = command("tail", "-n", "2").splitlines()
    assert [line.split()[-2:] for line in lines] == [["test.happened", "j"], ["test.happened", "k"]]
    assert len(command("tail", "--key", "j").splitlines()) == 2
    assert command("tail", "--event", "test.followed") == "No such events.\n"
    assert command("tail", "--event", "test.followed", "--json") == ""
    rows = [json.loads(line) for line in command("tail", "--json").splitlines()]
    assert [row["key"] for row in rows] == ["j", "j", "k"]
    assert not any("payload" in row for row in rows)
    with pytest.raises(CommandError, match="1 or more"):
        command("tail", "-n", "0")


def test_contracts_are_checked_and_written(tmp_path: Path, settings: Any) -> None:
    settings.EVENTBUS = {
        **settings.EVENTBUS,
        "contracts": tmp_path,
        "catalogue": tmp_path / "events.md",
    }
    with pytest.raises(CommandError, match="does not exist"):
        command("contracts", "--check")
    command("contracts", "--write")
    assert "all as the code says" in command("contracts", "--check")
    (tmp_path / "events.md").write_text("edited")
    with pytest.raises(CommandError, match=r"events\.md"):
        command("contracts", "--check")
