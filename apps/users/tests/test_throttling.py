"""How often passwords may be tried and mails sent: on pages, in the API and in the admin."""

import pytest
from rest_framework.test import APIClient
from rest_framework.throttling import SimpleRateThrottle

from apps.users import operations
from apps.users.models import Link, User
from apps.users.tests.factories import PASSWORD, UserFactory
from eventbus.testing import drain, published

pytestmark = pytest.mark.django_db
NOBODY = "nobody@example.com"


@pytest.fixture
def rates(monkeypatch):
    """Sets some of the rates; the others do not limit."""

    def put(**some):
        unlimited = dict.fromkeys(SimpleRateThrottle.THROTTLE_RATES)
        named = {name.replace("_", "-"): rate for name, rate in some.items()}
        monkeypatch.setattr(SimpleRateThrottle, "THROTTLE_RATES", unlimited | named)

    return put


def by_api(email, password=PASSWORD, **client):
    body = {"email": email, "password": password}
    return APIClient().post("/api/v1/users/token/", body, format="json", **client)


def by_page(email, password=PASSWORD, **client):
    return APIClient().post(
        "/users/login/", {"username": email, "password": password}, format="multipart", **client
    )


def by_admin(email, password=PASSWORD, **client):
    return APIClient().post(
        "/admin/login/", {"username": email, "password": password}, format="multipart", **client
    )


DOORS = [by_api, by_page, by_admin]


def test_a_client_has_one_allowance_for_every_door(rates):
    rates(sign_in="10/min")

    tries = [by_api(NOBODY).status_code for _ in range(10)]

    assert tries == [401] * 10
    for door in DOORS:
        answer = door(NOBODY)
        assert answer.status_code == 429
        assert int(answer["Retry-After"]) in range(50, 61)


def test_another_address_in_a_header_is_no_other_client(rates):
    rates(sign_in="1/min")

    by_api(NOBODY)

    assert by_api(NOBODY, HTTP_X_FORWARDED_FOR="198.51.100.7").status_code == 429


@pytest.mark.parametrize("known", [True, False])
def test_an_account_has_one_allowance_from_everywhere_whether_it_exists_or_not(rates, known):
    rates(sign_in_account="6/hour")
    email = UserFactory().email if known else NOBODY

    for number in range(6):
        DOORS[number % 3](email.upper(), "wrong-password", REMOTE_ADDR=f"198.51.100.{number}")

    for door in DOORS:
        assert door(email, REMOTE_ADDR="198.51.100.9").status_code == 429
    assert by_api("another@example.com").status_code == 401


def test_a_new_password_set_by_mail_gives_the_tries_back(rates):
    rates(sign_in_account="1/hour")
    user = UserFactory()
    by_api(user.email, "wrong-password")
    assert by_api(user.email).status_code == 429

    operations.ask_for_reset(email=user.email)
    drain()
    (asked,) = published("users.password_reset_requested")
    token = asked["url"].split("/")[-2]
    body = {"token": token, "password": "another analytical engine"}
    APIClient().post("/api/v1/users/password-reset/confirm/", body, format="json")

    assert by_api(user.email, "another analytical engine").status_code == 200


def test_trying_the_present_password_is_counted_for_one_s_own_account(rates, client):
    rates(sign_in_account="1/hour")
    user = UserFactory()
    client.force_login(user)
    form = {"current_password": "wrong", "email": "other@example.com"}

    first, second = (client.post("/users/me/email/", form) for _ in range(2))

    assert (first.status_code, second.status_code) == (200, 429)
    assert not Link.objects.exists()


SENDING = [
    ("/users/signup/", "/api/v1/users/", {"email": "ada@example.com", "name": ""}),
    ("/users/reset/", "/api/v1/users/password-reset/", {"email": NOBODY}),
]


@pytest.mark.parametrize(("page", "api", "body"), SENDING)
def test_a_client_can_have_so_many_mails_sent(rates, client, page, api, body):
    rates(account_mail="1/hour")
    body = body | {"password": PASSWORD, "password_again": PASSWORD}

    assert client.post(page, body).status_code == 302
    before = User.objects.count()

    for answer in (
        client.post(page, body),
        client.post(api, body | {"email": "new@example.com"}, "application/json"),
    ):
        assert answer.status_code == 429
        assert int(answer["Retry-After"]) in range(3590, 3601)
    assert User.objects.count() == before


@pytest.mark.parametrize("body", ["[]", '"text"', "{", "null", '{"email": []}'])
def test_a_body_without_an_address_is_refused_and_not_counted_for_anybody(rates, body):
    rates(sign_in_account="1/hour")

    answers = [
        APIClient().post("/api/v1/users/token/", body, content_type="application/json")
        for _ in range(2)
    ]

    assert [answer.status_code for answer in answers] == [400, 400]
