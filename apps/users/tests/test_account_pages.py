"""Pages of one's own account, and those that links in mails lead to."""

import pytest
from django.contrib.auth import authenticate
from django.test import Client
from django.utils import timezone

from apps.users import operations
from apps.users.models import Link, TokenFamily, User
from apps.users.tests.factories import PASSWORD, UserFactory, token_of
from eventbus.testing import drain, published

pytestmark = pytest.mark.django_db
NEW = "another analytical engine"
VERIFY, RESET = "users.verification_requested", "users.password_reset_requested"


@pytest.fixture
def user(client):
    """Somebody who is signed in."""
    user = UserFactory(email="ada@example.com")
    client.force_login(user)
    return user


def path_of(event):
    return event["url"].removeprefix("http://127.0.0.1:8080")


def test_signing_up_then_following_the_link(client):
    form = {"email": "ada@example.com", "name": "", "password": PASSWORD}
    client.post("/users/signup/", form | {"password_again": PASSWORD})
    path = path_of(published(VERIFY)[0])

    for _ in range(2):  # a program that looks at mails, then its owner
        page = client.get(path)
        assert "ada@example.com" in page.text
        assert "no-store" in page["Cache-Control"]
    assert User.objects.get().email_verified_at is None

    assert client.post(path).url == "/users/me/"

    assert User.objects.get().email_verified_at is not None
    assert "ada@example.com is yours." in client.get("/users/login/").text
    for again in (client.get(path), client.post(path)):
        assert again.status_code == 404
        assert "This link is not good any more" in again.text


def test_confirming_needs_the_form_s_token():
    user = UserFactory()
    operations.request_verification(user_id=user.pk)

    answer = Client(enforce_csrf_checks=True).post(path_of(published(VERIFY)[0]))

    assert answer.status_code == 403
    assert User.objects.get().email_verified_at is None


@pytest.mark.parametrize("path", ["/users/verify/nonsense/", "/users/reset/nonsense/"])
def test_a_link_that_never_was_is_not_found(client, path):
    for answer in (client.get(path), client.post(path, {"password": NEW})):
        assert answer.status_code == 404
        assert "This link is not good any more" in answer.text


def test_the_account_shows_whether_the_address_is_confirmed(client, user):
    page = client.get("/users/me/").text
    assert "not confirmed yet" in page
    assert 'name="email" value="ada@example.com"' in page

    User.objects.update(email_verified_at=timezone.now())

    page = client.get("/users/me/").text
    assert "not confirmed yet" not in page
    assert "Send the link again" not in page


def test_the_link_can_be_sent_again(client, user):
    answers = [
        client.post("/users/me/verification/", {"email": "ada@example.com"}, follow=True).text
        for _ in range(2)
    ]

    assert "A link is on its way to you." in answers[0]
    assert "There is nothing to send now." in answers[1]
    assert len(published(VERIFY)) == 1


def test_a_page_left_open_asks_for_no_other_address(client, user):
    for form in ({"email": "old@example.com"}, {}):
        answer = client.post("/users/me/verification/", form, follow=True)
        assert "Your address is another one by now." in answer.text
    assert published(VERIFY) == []


def test_changing_the_address(client, user):
    form = {"email": "countess@example.com", "current_password": PASSWORD}

    answer = client.post("/users/me/email/", form, follow=True)
    assert "A link is on its way to countess@example.com." in answer.text
    client.post(path_of(published(VERIFY)[0]))

    user.refresh_from_db()
    assert user.email == "countess@example.com"
    assert client.get("/users/me/").status_code == 200  # still signed in


def test_a_taken_address_is_answered_alike_until_its_owner_follows_the_link(client, user):
    UserFactory(email="bob@example.com")
    form = {"email": "bob@example.com", "current_password": PASSWORD}

    assert (
        "on its way to bob@example.com" in client.post("/users/me/email/", form, follow=True).text
    )
    answer = client.post(path_of(published(VERIFY)[0]))

    assert answer.status_code == 409
    assert "belongs to another account" in answer.text


@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("email", {"email": "countess@example.com"}),
        ("password", {"password": NEW, "password_again": NEW}),
    ],
)
def test_a_session_alone_is_not_enough(client, user, path, form):
    for wrong in ({}, {"current_password": "wrong"}):
        assert client.post(f"/users/me/{path}/", form | wrong).status_code == 200

    user.refresh_from_db()
    assert user.check_password(PASSWORD)
    assert not Link.objects.exists()
    assert published("users.password_changed") == []


def test_changing_the_password_keeps_this_browser_and_ends_the_rest(client, user):
    elsewhere = Client()
    elsewhere.force_login(user)
    operations.start_family(user=user)
    form = {"current_password": PASSWORD, "password": NEW, "password_again": NEW}

    assert client.post("/users/me/password/", form).url == "/users/me/"

    assert client.get("/users/me/").status_code == 200
    assert elsewhere.get("/users/me/").status_code == 302
    assert TokenFamily.objects.get().revoked_at is not None
    assert authenticate(None, username="ada@example.com", password=NEW) == user


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"password": "short", "password_again": "short"}, "This password is too short."),
        ({"password_again": "other"}, "The two passwords are not the same."),
        (dict.fromkeys(("password", "password_again"), "ada@example.com"), "too similar"),
    ],
)
def test_a_bad_new_password_is_refused_in_words(client, user, change, message):
    operations.ask_for_reset(email=user.email)
    drain()
    form = {"current_password": PASSWORD, "password": NEW, "password_again": NEW} | change

    for path in ("/users/me/password/", path_of(published(RESET)[0])):
        assert message in client.post(path, form).text

    user.refresh_from_db()
    assert user.check_password(PASSWORD)


def test_setting_a_new_password_by_mail(client):
    UserFactory(email="ada@example.com")
    asked = client.post("/users/reset/", {"email": "Ada@example.com"}, follow=True)
    assert "If that address has an account" in asked.text
    drain()
    path = path_of(published(RESET)[0])

    assert "ada@example.com" in client.get(path).text
    assert client.post(path, {"password": NEW, "password_again": NEW}).url == "/users/login/"

    sign_in = {"username": "ada@example.com", "password": NEW}
    assert client.post("/users/login/", sign_in).url == "/"
    assert client.post(path, {"password": PASSWORD, "password_again": PASSWORD}).status_code == 404


@pytest.mark.parametrize(
    "path", ["", "email/", "password/", "addresses/", "addresses/new/", "verification/"]
)
def test_strangers_are_asked_to_sign_in(client, path):
    answer = client.post(f"/users/me/{path}")

    assert answer.url == f"/users/login/?next=/users/me/{path}"


def test_the_token_of_a_link_is_long():
    operations.request_verification(user_id=UserFactory().pk)

    assert len(token_of(published(VERIFY)[0])) == 43  # 256 bits
