"""Links by mail for a new password."""

from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.users import operations
from apps.users.models import Link, TokenFamily, User
from apps.users.operations import LinkRefused
from apps.users.tests.factories import PASSWORD, UserFactory, token_of
from apps.users.tests.links import NEW, RESET, change_of, later, reset, verification
from eventbus.testing import drain, published, redeliver

pytestmark = pytest.mark.django_db


# A new password ---------------------------------------------------------------------------------
def test_a_reset_is_announced_for_an_account_that_is_asked_about(settings):
    settings.SHOP_URL = "https://shop.example.com"
    user = UserFactory(email="ada@example.com", name="Ada")

    operations.ask_for_reset(email="ADA@example.com")
    assert published(RESET) == []  # not within the answer
    drain()

    (asked,) = published(RESET, key=user.pk)
    assert asked == {
        "user_id": str(user.pk),
        "subject": str(user.pk),
        "email": "ada@example.com",
        "name": "Ada",
        "url": f"https://shop.example.com/users/reset/{token_of(asked)}/",
        "expires_at": asked["expires_at"],
    }
    (told,) = published("users.reset_asked")
    hour = datetime.fromisoformat(asked["expires_at"]) - datetime.fromisoformat(told["asked_at"])
    assert hour == timedelta(hours=1)


@pytest.mark.parametrize("kind", ["unknown", "inactive", "without a password"])
def test_others_take_the_same_steps_and_get_nothing(kind):
    user = UserFactory(is_active=kind != "inactive")
    if kind == "without a password":
        user.set_unusable_password()
        user.save()
    known = UserFactory()
    email = "nobody@example.com" if kind == "unknown" else user.email
    work = []
    for asked in (known.email, email):
        with CaptureQueriesContext(connection) as queries:
            operations.ask_for_reset(email=asked)
        work.append([query["sql"].partition(" ")[0] for query in queries])
    assert work[0] == work[1]
    drain()

    assert len(published(RESET)) == 1
    assert [told["user_id"] for told in published("users.reset_asked")] == [str(known.pk), None]
    assert not any(email in str(told) for told in published("users.reset_asked"))


def test_a_second_delivery_and_a_late_one_send_nothing():
    user = UserFactory()
    operations.ask_for_reset(email=user.email)
    drain()
    redeliver("users.reset_asked", key=user.pk, subscriber="users")
    assert len(published(RESET)) == 1

    later(hours=2)
    asked_at = timezone.now() - timedelta(hours=1, seconds=1)
    assert operations.send_reset(user_id=user.pk, asked_at=asked_at) is False
    assert len(published(RESET)) == 1


def test_a_new_password_ends_every_session_every_sign_in_and_every_link(client):
    user = UserFactory()
    client.force_login(user)
    pair = operations.start_family(user=user)
    change = change_of(user, "thief@example.com")
    token = reset(user)

    operations.reset_password(token=token, password=NEW)

    user.refresh_from_db()
    assert user.check_password(NEW)
    assert user.email_verified_at is not None  # the link came to that address
    assert client.get("/users/me/").status_code == 302
    assert TokenFamily.objects.get().revoked_at is not None
    with pytest.raises(operations.families.TokenRefused):
        operations.rotate_tokens(refresh=pair.refresh)
    with pytest.raises(LinkRefused):
        operations.reset_password(token=token, password=PASSWORD)
    with pytest.raises(LinkRefused):
        operations.verify_email(token=change)
    assert published("users.password_changed", key=user.pk) == [
        {
            "user_id": str(user.pk),
            "subject": str(user.pk),
            "email": user.email,
            "url": "http://127.0.0.1:8080/users/reset/",
        }
    ]


@pytest.mark.parametrize("spoilt", ["expired", "newer", "password", "inactive", "verification"])
def test_a_reset_that_is_not_good_changes_nothing(spoilt):
    user = UserFactory()
    token = reset(user)
    if spoilt == "expired":
        later(hours=1, seconds=1)
    if spoilt == "newer":
        later(minutes=2)
        reset(user)
    if spoilt == "password":
        operations.change_password(user_id=user.pk, password=PASSWORD)
    if spoilt == "inactive":
        User.objects.update(is_active=False)
    if spoilt == "verification":
        token = verification(user)
    before = User.objects.get().password

    with pytest.raises(LinkRefused):
        operations.reset_password(token=token, password=NEW)

    assert User.objects.get().password == before


def test_a_reset_asked_for_by_nobody_we_know_is_heard_of_and_nothing_follows():
    operations.ask_for_reset(email="nobody@example.com")

    drain()

    assert published(RESET) == []
    assert not Link.objects.exists()
