"""Links by mail: for showing that an address is one's own, and for another one."""

from datetime import datetime, timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from apps.users import operations
from apps.users.models import Link, User, digest_of
from apps.users.operations import AddressTaken, LinkRefused
from apps.users.operations.linking import MAX_A_DAY, PAUSE
from apps.users.tests.factories import PASSWORD, UserFactory, token_of
from apps.users.tests.links import NEW, VERIFY, change_of, later, reset, verification
from eventbus.testing import published

pytestmark = pytest.mark.django_db


# Showing that an address is one's own -----------------------------------------------------------
def test_signing_up_asks_for_a_proof_of_the_address_after_announcing_the_user(settings):
    settings.SHOP_URL = "https://shop.example.com/"

    user = operations.register_user(email="Ada@example.com", password=PASSWORD, name="Ada")

    (asked,) = published(VERIFY, key=user.pk)
    link = Link.objects.get()
    assert asked == {
        "user_id": str(user.pk),
        "subject": str(user.pk),
        "email": "ada@example.com",
        "name": "Ada",
        "url": f"https://shop.example.com/users/verify/{token_of(asked)}/",
        "expires_at": asked["expires_at"],
    }
    assert datetime.fromisoformat(asked["expires_at"]) == link.expires_at
    assert link.expires_at - link.created_at > timedelta(hours=23, minutes=59)
    assert user.email_verified_at is None


def test_the_table_does_not_know_the_token():
    token = verification(UserFactory())

    link = Link.objects.get()
    assert link.digest == digest_of(token)
    assert token not in str(Link.objects.values_list())


def test_the_link_is_good_once():
    user = UserFactory()
    token = verification(user)

    assert operations.verify_email(token=token) == user

    verified_at = User.objects.get().email_verified_at
    assert verified_at is not None
    with pytest.raises(LinkRefused):
        operations.verify_email(token=token)
    assert User.objects.get().email_verified_at == verified_at
    assert operations.request_verification(user_id=user.pk) is False


@pytest.mark.parametrize("spoilt", ["expired", "newer", "inactive", "other purpose", "unknown"])
def test_a_link_that_is_not_good_changes_nothing(spoilt):
    user = UserFactory()
    token = verification(user)
    if spoilt == "expired":
        later(hours=24, seconds=1)
    if spoilt == "newer":
        later(minutes=2)
        verification(user)
    if spoilt == "inactive":
        User.objects.update(is_active=False)
    if spoilt == "other purpose":
        token = reset(user)
    if spoilt == "unknown":
        token = token.swapcase()

    with pytest.raises(LinkRefused):
        operations.verify_email(token=token)

    assert User.objects.get().email_verified_at is None


def test_asking_again_has_to_wait_and_has_a_daily_limit():
    user = UserFactory()
    for _ in range(MAX_A_DAY):
        assert operations.request_verification(user_id=user.pk) is True
        assert operations.request_verification(user_id=user.pk) is False
        later(seconds=PAUSE.total_seconds() + 1)

    assert operations.request_verification(user_id=user.pk) is False

    assert len(published(VERIFY)) == MAX_A_DAY
    later(days=1)
    assert operations.request_verification(user_id=user.pk) is True
    assert Link.objects.count() == 1  # those that are of no use any more are gone


# Another address --------------------------------------------------------------------------------
def test_another_address_is_in_force_when_its_link_was_followed_and_the_old_one_is_told():
    user = UserFactory(email="ada@example.com", email_verified_at=timezone.now())
    pending = reset(user)

    token = change_of(user, "Countess@Example.com")

    user.refresh_from_db()
    assert user.email == "ada@example.com"
    assert user.email_verified_at is not None
    assert published(VERIFY)[-1]["email"] == "countess@example.com"
    assert published("users.email_changed") == []

    operations.verify_email(token=token)

    user.refresh_from_db()
    assert user.email == "countess@example.com"
    assert user.email_verified_at is not None
    assert published("users.email_changed", key=user.pk) == [
        {
            "user_id": str(user.pk),
            "subject": str(user.pk),
            "email": "countess@example.com",
            "previous": "ada@example.com",
        }
    ]
    with pytest.raises(LinkRefused):  # it went to the old address
        operations.reset_password(token=pending, password=NEW)


def test_asking_for_a_taken_address_looks_the_same_and_only_its_owner_can_follow():
    ada, bob = UserFactory(), UserFactory(email="bob@example.com")

    assert operations.request_email_change(user_id=ada.pk, email="bob@example.com") is True
    token = token_of(published(VERIFY, key=ada.pk)[0])

    with pytest.raises(AddressTaken):
        operations.verify_email(token=token)
    ada.refresh_from_db()
    bob.refresh_from_db()
    assert ada.email != bob.email == "bob@example.com"
    assert bob.email_verified_at is None
    assert Link.objects.get().used_at is None
    assert published("users.email_changed") == []


def test_only_the_last_address_that_was_asked_for_counts():
    user = UserFactory()
    first = change_of(user, "first@example.com")
    second = change_of(user, "second@example.com")

    with pytest.raises(LinkRefused):
        operations.verify_email(token=first)
    operations.verify_email(token=second)

    user.refresh_from_db()
    assert user.email == "second@example.com"


def test_asking_for_the_present_address_asks_for_its_proof():
    user = UserFactory(email="ada@example.com")

    assert operations.request_email_change(user_id=user.pk, email="ADA@example.com") is True
    operations.verify_email(token=token_of(published(VERIFY)[0]))

    assert User.objects.get().email_verified_at is not None
    assert operations.request_email_change(user_id=user.pk, email="ada@example.com") is False
    assert published("users.email_changed") == []


def test_an_address_that_staff_replace_is_not_verified_and_is_asked_about():
    user = UserFactory(email="ada@example.com", email_verified_at=timezone.now())

    assert operations.replace_email(user_id=user.pk, email="Countess@example.com") is True
    assert operations.replace_email(user_id=user.pk, email="countess@example.com") is False

    user.refresh_from_db()
    assert (user.email, user.email_verified_at) == ("countess@example.com", None)
    assert published("users.email_changed")[0]["previous"] == "ada@example.com"
    assert published(VERIFY)[0]["email"] == "countess@example.com"


def test_a_taken_address_cannot_be_given_by_staff():
    user, other = UserFactory(), UserFactory()

    with pytest.raises(IntegrityError), transaction.atomic():
        operations.replace_email(user_id=user.pk, email=other.email)

    assert published("users.email_changed") == []
