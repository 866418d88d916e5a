"""What staff see and do in the admin."""

from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.test import Client

from eventbus import Reject, operating
from eventbus.models import Cursor, Intervention, Parked, PausedKey
from eventbus.testing import drain
from eventbus.tests.conftest import Effects
from eventbus.tests.test_delivery import failing, noting

MODELS = [model.__name__.lower() for model in apps.get_app_config("eventbus").get_models()]
WHO = "ops@example.com"


def sign_in(client: Client, *permissions: str) -> None:
    """As staff with the permissions; without any, as somebody who may do everything."""
    users = get_user_model()
    names = {users.USERNAME_FIELD: WHO, "password": "x"}
    user = users.objects.create_superuser(**names)
    if permissions:
        user.is_superuser = False
        user.save()
        user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client.force_login(user)


def act(client: Client, model: str, action: str, *rows: Any, **more: str) -> Any:
    selected = {"action": action, "_selected_action": [str(row.pk) for row in rows], **more}
    return client.post(f"/admin/eventbus/{model}/", selected, follow=True)


def dead_letter(effects: Effects, say: Any) -> Parked:
    failing(effects, "b", *[Reject("broken")] * 2, on=1)
    say("k", 1, 2)
    drain()
    return Parked.objects.get(state="dead")


def interventions() -> list[tuple[str, str, str]]:
    return list(Intervention.objects.order_by("id").values_list("act", "by", "reason"))


def test_staff_retry_dead_letters(effects: Effects, say: Any, client: Client) -> None:
    dead = dead_letter(effects, say)
    sign_in(client)
    assert "dead letter" in client.get("/admin/eventbus/parked/").content.decode()
    act(client, "parked", "retry", dead)
    drain()
    assert effects.of("b") == [1, 2]
    assert interventions() == [("retry", WHO, "")]


def test_staff_skip_with_a_reason(effects: Effects, say: Any, client: Client) -> None:
    dead = dead_letter(effects, say)
    behind = Parked.objects.get(state="waiting")
    sign_in(client)
    page = act(client, "parked", "skip", dead)
    assert 'name="reason"' in page.content.decode()
    page = act(client, "parked", "skip", dead, apply="Skip", reason=" ")
    assert "This field is required" in page.content.decode()
    assert Parked.objects.count() == 2
    page = act(client, "parked", "skip", dead, apply="Skip", reason="spam")
    assert "1 skipped." in page.content.decode()
    drain()
    assert effects.of("b") == [2]
    assert interventions() == [("skip", WHO, "spam")]
    page = act(client, "parked", "skip", behind, apply="Skip", reason="spam")
    assert "skipped" not in page.content.decode()


def test_staff_are_told_what_is_refused(effects: Effects, say: Any, client: Client) -> None:
    dead_letter(effects, say)
    behind = Parked.objects.get(state="waiting")
    sign_in(client)
    page = act(client, "parked", "skip", behind, apply="Skip", reason="spam")
    assert f"{behind.pk} waits behind" in page.content.decode()
    assert Parked.objects.count() == 2
    assert interventions() == []


def test_staff_edit_what_a_subscriber_reads(effects: Effects, say: Any, client: Client) -> None:
    dead = dead_letter(effects, say)
    behind = Parked.objects.get(state="waiting")
    sign_in(client)
    page = act(client, "parked", "edit", dead)
    assert "&quot;n&quot;: 1" in page.content.decode()
    page = act(client, "parked", "edit", dead, behind)
    assert "Choose one event" in page.content.decode()
    for bad in ('{"n": "x"}', '{"n": NaN}', "{"):
        act(client, "parked", "edit", dead, apply="Edit", payload=bad, reason="typo")
    assert Parked.objects.get(pk=dead.pk).state == "dead"
    act(client, "parked", "edit", dead, apply="Edit", payload='{"n": 5}', reason="typo")
    drain()
    assert effects.of("b") == [5, 2]
    assert interventions() == [("edit", WHO, "typo")]


def test_staff_pause_and_resume(effects: Effects, say: Any, client: Client) -> None:
    noting(effects, "a")
    drain()
    operating.split("a", into=2, by="ada")
    operating.pause_key("a", "test", "k", by="ada")
    say("k", 1)
    sign_in(client)
    cursors = Cursor.objects.filter(subscriber="a")
    page = act(client, "cursor", "pause", *cursors)
    assert "1 paused." in page.content.decode()  # one subscriber, of two ranges
    assert drain() == 0
    page = act(client, "cursor", "pause", *cursors)
    assert "a is paused already" in page.content.decode()
    act(client, "cursor", "resume", *cursors)
    drain()
    assert effects.of("a") == []
    act(client, "pausedkey", "resume", PausedKey.objects.get())
    drain()
    assert effects.of("a") == [1]
    assert [name for name, by, _ in interventions() if by == WHO] == ["pause", "resume", "resume"]


def test_who_may_only_look_does_nothing(effects: Effects, say: Any, client: Client) -> None:
    dead = dead_letter(effects, say)
    sign_in(client, "view_parked", "view_cursor")
    for action in ("retry", "skip", "edit"):
        act(client, "parked", action, dead, apply="x", payload='{"n": 5}', reason="because")
    act(client, "cursor", "pause", Cursor.objects.filter(subscriber="b").get())
    dead.refresh_from_db()
    assert (dead.state, dead.payload) == ("dead", {"n": 1})
    assert not Cursor.objects.filter(paused=True).exists()
    assert interventions() == []


def test_who_may_change_parked_events_acts_on_them(
    effects: Effects, say: Any, client: Client
) -> None:
    dead = dead_letter(effects, say)
    sign_in(client, "view_parked", "change_parked")
    act(client, "parked", "skip", dead, apply="Skip", reason="spam")
    assert interventions() == [("skip", WHO, "spam")]


def test_cursors_show_how_far_behind_they_are(effects: Effects, say: Any, client: Client) -> None:
    noting(effects, "a")
    drain()
    say("k", 1, 2)
    sign_in(client)
    page = client.get("/admin/eventbus/cursor/?subscriber=a").content.decode()
    assert '<td class="field-behind">2</td>' in page


@pytest.mark.django_db
@pytest.mark.parametrize("model", MODELS)
def test_every_table_can_be_looked_at_and_none_edited(client: Client, model: str) -> None:
    sign_in(client)
    assert client.get(f"/admin/eventbus/{model}/").status_code == 200
    assert client.get(f"/admin/eventbus/{model}/add/").status_code == 403
