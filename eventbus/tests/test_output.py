"""How the command speaks: within a terminal's width, all of it to scripts, and its exit codes."""

import subprocess
import sys
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from eventbus import Reject
from eventbus.commands import contracts, history, looking, mending, running, steering
from eventbus.testing import drain
from eventbus.tests.conftest import Effects
from eventbus.tests.test_delivery import failing, noting

LONG = "notifications"  # as long as the shop's longest


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


def shown(*arguments: str, out: StringIO) -> list[str]:
    call_command("eventbus", *arguments, stdout=out)
    return out.getvalue().splitlines()


def a_bad_night(effects: Effects, say: Any) -> None:
    noting(effects, "a")
    failing(effects, LONG, *[Reject("broken " * 20)] * 2, on=1)
    say("a-key-as-long-as-an-order-number", 1, 2)
    drain()


@pytest.mark.parametrize("act", [["status"], ["dead"], ["dead", "--group"], ["history"]])
def test_tables_are_read_on_eighty_columns(
    effects: Effects, say: Any, act: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    a_bad_night(effects, say)
    call_command("eventbus", "pause", "a", "--by", "ada", "--reason", "w" * 70, stdout=StringIO())
    wide, narrow = shown(*act, out=StringIO()), shown(*act, out=Terminal())
    columns = 2  # a name and what it holds: the latter is the terminal's to break
    if max(map(len, wide)) > 80:
        assert all(len(line.split(maxsplit=1)) <= columns for line in narrow)
        assert len(narrow) > len(wide)
    else:
        assert narrow == wide


def test_the_first_look_is_a_table_on_eighty_columns(effects: Effects, say: Any) -> None:
    a_bad_night(effects, say)
    call_command("eventbus", "split", LONG, "--into", "2", stdout=StringIO())
    lines = shown("status", out=StringIO())
    assert len(lines[: lines.index("")]) == 4
    assert max(map(len, lines)) <= 80


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["retry"], "or --all"),
        (["prune", "--days", "-1"], "0 to 36500"),
        (["prune", "--days", "nan"], "0 to 36500"),
        (["prune", "--days", "1e300"], "0 to 36500"),
        (["edit", "1", "{", "--reason", "why"], "not JSON"),
        (["erase", ""], "1 to 128"),
    ],
)
def test_wrong_arguments_end_with_two(effects: Effects, arguments: list[str], says: str) -> None:
    with pytest.raises(CommandError, match=says) as error:
        call_command("eventbus", *arguments)
    assert error.value.returncode == 2


@pytest.mark.process
@pytest.mark.parametrize(
    "arguments", [["nonsense"], [], ["split", "a", "--into", "many"], ["start", "a", "whenever"]]
)
def test_so_do_those_that_cannot_be_parsed(arguments: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "manage.py", "eventbus", *arguments],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "usage: manage.py eventbus" in done.stderr


def test_help_names_every_act(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        call_command("eventbus", "--help")
    assert end.value.code in (0, None)
    help = capsys.readouterr().out
    themes = (running, looking, mending, steering, history, contracts)
    acts = {act.strip() for theme in themes for act in (theme.add.__doc__ or "").split(",")}
    assert len(acts) == 24
    assert [act for act in sorted(acts) if f"    {act} " not in help] == []
