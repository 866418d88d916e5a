"""What an operator sees and does, by the command and in the admin."""

from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth import get_user_model
from django.core.management import CommandError, call_command
from django.test import Client

from eventbus import Reject
from eventbus.models import Parked
from eventbus.testing import drain
from eventbus.tests.conftest import Effects
from eventbus.tests.test_delivery import failing, noting

MODELS = list(apps.get_app_config("eventbus").get_models())


def command(*arguments: str) -> str:
    out = StringIO()
    call_command("eventbus", *arguments, stdout=out)
    return out.getvalue()


def status_of(*subscribers: str) -> list[list[str]]:
    lines = [line.split() for line in command("status").splitlines()]
    return [line for line in lines if line[0] in subscribers]


def test_status_says_how_far_everybody_is(effects: Effects, say: Any) -> None:
    noting(effects, "a")
    failing(effects, "b", *[Reject("broken")] * 2, on=1)
    say("k", 1, 2)
    assert [line[:3] for line in status_of("a", "b")] == [["a", "0-255", "2"], ["b", "0-255", "2"]]
    drain()
    assert [line[:6] for line in status_of("a", "b")] == [
        ["a", "0-255", "0", "0", "0", "0"],
        ["b", "0-255", "0", "1", "2", "1"],
    ]


def test_dead_letters_are_listed_and_retried(effects: Effects, say: Any) -> None:
    failing(effects, "b", *[Reject("broken")] * 2, on=1)
    say("k", 1)
    drain()
    assert "broken" in command("dead")
    with pytest.raises(CommandError, match="--all"):
        command("retry")
    with pytest.raises(CommandError, match="No such dead letters: 999999"):
        command("retry", "999999")
    assert command("retry", "--all") == "1 to be tried again.\n"
    drain()
    assert command("dead") == "No dead letters.\n"
    assert effects.of("b") == [1]


def test_tail_shows_the_newest_events_of_a_key(effects: Effects, say: Any) -> None:
    say("j", 1, 2)
    say("k", 3)
    lines = command("tail", "-n", "2").splitlines()
    assert [line.split()[-2:] for line in lines] == [["test.happened", "j"], ["test.happened", "k"]]
    assert len(command("tail", "--key", "j").splitlines()) == 2


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


def test_staff_retry_dead_letters_in_the_admin(effects: Effects, say: Any, client: Client) -> None:
    failing(effects, "b", *[Reject("broken")] * 2, on=1)
    say("k", 1)
    drain()
    users = get_user_model()
    names = {users.USERNAME_FIELD: "ops@example.com", "password": "x"}
    client.force_login(users.objects.create_superuser(**names))
    dead = Parked.objects.get()
    page = client.get("/admin/eventbus/parked/")
    assert "dead letter" in page.content.decode()
    client.post("/admin/eventbus/parked/", {"action": "retry", "_selected_action": [str(dead.pk)]})
    drain()
    assert effects.of("b") == [1]


@pytest.mark.django_db
@pytest.mark.parametrize("model", [model.__name__.lower() for model in MODELS])
def test_every_table_can_be_looked_at_and_none_edited(client: Client, model: str) -> None:
    users = get_user_model()
    names = {users.USERNAME_FIELD: "ops@example.com", "password": "x"}
    client.force_login(users.objects.create_superuser(**names))
    assert client.get(f"/admin/eventbus/{model}/").status_code == 200
    assert client.get(f"/admin/eventbus/{model}/add/").status_code == 403
