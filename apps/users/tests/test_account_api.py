"""The API of links by mail and of one's own account."""

from functools import partial

import pytest
from django.contrib.auth import authenticate
from django.utils import timezone
from rest_framework.test import APIClient

from apps.users import operations
from apps.users.models import Link, User
from apps.users.tests.factories import PASSWORD, UserFactory, token_of
from apps.users.tests.test_operations import in_parallel
from eventbus.testing import drain, published

pytestmark = pytest.mark.django_db
API = "/api/v1/users/"
NEW = "another analytical engine"
VERIFY, RESET = "users.verification_requested", "users.password_reset_requested"


@pytest.fixture
def user():
    return UserFactory(email="ada@example.com")


@pytest.fixture
def post(user):
    """Sends JSON as the user."""
    client = APIClient()
    access = operations.start_family(user=user).access
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {access}")
    return lambda path, body: client.post(API + path, body, format="json")


def as_stranger(path, body):
    return APIClient().post(API + path, body, format="json")


def test_asking_for_the_link_and_confirming(user, post):
    asked = post("verification/", {"email": "ada@example.com"})
    again = post("verification/", {"email": "ada@example.com"})
    assert (asked.status_code, asked.json()["email_verified"]) == (202, False)
    assert (again.status_code, again["Retry-After"]) == (429, "60")
    (event,) = published(VERIFY)

    confirmed = as_stranger("verification/confirm/", {"token": token_of(event)})
    assert confirmed.json() == {"email": "ada@example.com", "email_verified": True}

    used = as_stranger("verification/confirm/", {"token": token_of(event)})
    assert (used.status_code, used.json()["code"]) == (400, "link_not_good")
    done = post("verification/", {"email": "ada@example.com"})
    assert (done.status_code, done.json()["email_verified"]) == (200, True)
    assert len(published(VERIFY)) == 1


@pytest.mark.parametrize("body", [{}, {"email": "old@example.com"}, {"email": None}])
def test_an_address_that_is_not_the_user_s_is_refused(post, body):
    answer = post("verification/", body)

    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["email"])
    assert published(VERIFY) == []


def test_a_new_password_by_mail(user):
    asked = as_stranger("password-reset/", {"email": "Ada@example.com"})
    assert (asked.status_code, asked.json()) == (202, {"email": "Ada@example.com"})
    drain()
    token = token_of(published(RESET)[0])

    weak = as_stranger("password-reset/confirm/", {"token": token, "password": "ada@example.co"})
    assert (weak.status_code, list(weak.json()["errors"])) == (400, ["password"])
    answers = [
        as_stranger("password-reset/confirm/", {"token": token, "password": NEW}) for _ in range(2)
    ]

    assert [answer.status_code for answer in answers] == [204, 400]
    assert answers[1].json()["code"] == "link_not_good"
    assert authenticate(None, username="ada@example.com", password=NEW) == user


def test_changing_the_password_ends_every_sign_in_and_begins_one(user, post):
    other = operations.start_family(user=user)
    body = {"current_password": PASSWORD, "password": NEW}

    answer = post("me/password/", body)

    assert answer.status_code == 200
    assert as_stranger("token/refresh/", {"refresh": other.refresh}).status_code == 401
    refresh = {"refresh": answer.json()["refresh"]}
    assert as_stranger("token/refresh/", refresh).status_code == 200
    assert len(published("users.password_changed")) == 1


def test_another_address_is_asked_about_there(user, post):
    UserFactory(email="bob@example.com")

    for email in ("countess@example.com", "bob@example.com"):
        answer = post("me/email/", {"email": email, "current_password": PASSWORD})
        assert (answer.status_code, answer.json()) == (202, {"email": email})

    first, second = published(VERIFY)
    confirm = partial(as_stranger, "verification/confirm/")
    assert confirm({"token": token_of(first)}).status_code == 400  # the newer one counts
    taken = confirm({"token": token_of(second)})
    assert (taken.status_code, taken.json()["code"]) == (409, "address_taken")
    user.refresh_from_db()
    assert user.email == "ada@example.com"


@pytest.mark.parametrize(
    ("path", "body"),
    [("me/email/", {"email": "countess@example.com"}), ("me/password/", {"password": NEW})],
)
def test_a_token_alone_is_not_enough(user, post, path, body):
    for wrong in ({}, {"current_password": "wrong"}):
        answer = post(path, body | wrong)
        assert (answer.status_code, list(answer.json()["errors"])) == (400, ["current_password"])

    user.refresh_from_db()
    assert user.check_password(PASSWORD)
    assert not Link.objects.exists()


@pytest.mark.parametrize("path", ["verification/", "me/email/", "me/password/", "me/addresses/"])
def test_strangers_are_refused(path):
    assert as_stranger(path, {}).status_code == 401


@pytest.mark.parametrize("path", ["verification/confirm/", "password-reset/confirm/"])
@pytest.mark.parametrize("token", [None, "", [], "x" * 201, "nul \x00", 7])
def test_nonsense_is_no_token(path, token):
    answer = as_stranger(path, {"token": token, "password": NEW})

    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"


# Two at once ------------------------------------------------------------------------------------
@pytest.mark.django_db(transaction=True)
def test_of_parallel_attempts_with_one_link_exactly_one_succeeds():
    user = UserFactory()
    operations.request_verification(user_id=user.pk)
    operations.ask_for_reset(email=user.email)
    drain()

    for work in (
        partial(operations.verify_email, token=token_of(published(VERIFY)[0])),
        partial(operations.reset_password, token=token_of(published(RESET)[0]), password=NEW),
    ):
        outcomes = in_parallel(4, work)
        assert sorted(type(one).__name__ for one in outcomes) == ["LinkRefused"] * 3 + ["User"]
    assert len(published("users.password_changed")) == 1


@pytest.mark.django_db(transaction=True)
def test_of_two_who_want_one_address_at_the_same_moment_one_gets_it():
    tokens = []
    for _ in range(2):
        user = UserFactory(email_verified_at=timezone.now())
        operations.request_email_change(user_id=user.pk, email="wanted@example.com")
        tokens.append(token_of(published(VERIFY, key=user.pk)[0]))

    outcomes = in_parallel(2, lambda: operations.verify_email(token=tokens.pop()))

    kinds = sorted(type(one).__name__ for one in outcomes)
    assert kinds == ["AddressTaken", "User"]
    assert User.objects.filter(email="wanted@example.com").count() == 1
    assert len(published("users.email_changed")) == 1


@pytest.mark.django_db(transaction=True)
def test_an_impatient_click_asks_for_one_mail():
    user = UserFactory()

    outcomes = in_parallel(4, partial(operations.request_verification, user_id=user.pk))

    assert sorted(outcomes) == [False, False, False, True]
    assert len(published(VERIFY)) == 1
