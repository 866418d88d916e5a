import json

import jwt
import pytest
from rest_framework.test import APIClient

from apps.users import operations
from apps.users.models import User
from apps.users.tests.factories import PASSWORD, UserFactory
from eventbus.testing import published

pytestmark = pytest.mark.django_db


def api(access=None):
    client = APIClient()
    if access:
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {access}")
    return client


def sign_in(user, password=PASSWORD):
    credentials = {"email": user.email, "password": password}
    return api().post("/api/v1/users/token/", credentials, format="json")


def test_signing_up_answers_a_taken_address_like_a_new_one():
    body = {"email": "Ada@example.com", "password": PASSWORD, "name": "Ada"}

    answers = [api().post("/api/v1/users/", body, format="json") for _ in range(2)]

    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json() == answers[1].json() == {"email": "Ada@example.com", "name": "Ada"}
    assert User.objects.get().email == "ada@example.com"
    assert len(published("users.registered")) == 1


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"email": "no address"}, "email"),
        ({"email": None}, "email"),
        ({"email": ["a@example.com"]}, "email"),
        ({"email": "a\x00@example.com"}, "email"),
        ({"password": "short"}, "password"),
        ({"password": "1234567890"}, "password"),
        ({"password": "ada.lovelace@example"}, "password"),
        ({"password": "x" * 129}, "password"),
        ({"name": "x" * 151}, "name"),
    ],
)
def test_bad_sign_ups_are_refused_and_change_nothing(change, field):
    body = {"email": "ada.lovelace@example.com", "password": PASSWORD, "name": ""} | change

    answer = api().post("/api/v1/users/", body, format="json")

    assert answer.status_code == 400
    assert list(answer.json()["errors"]) == [field]
    assert not User.objects.exists()
    assert published("users.registered") == []


@pytest.mark.parametrize("body", ["[]", '"text"', "{", "null", "3"])
def test_a_body_that_is_no_object_is_refused(body):
    for path in ("", "token/", "token/refresh/", "token/logout/"):
        answer = api().post(f"/api/v1/users/{path}", body, content_type="application/json")
        assert answer.status_code == 400


def test_signing_in_gives_tokens_that_say_who_it_is():
    user = UserFactory(is_staff=True)

    answer = sign_in(user)

    assert answer.status_code == 200
    assert list(answer.json()) == ["access", "refresh"]
    claims = jwt.decode(answer.json()["access"], options={"verify_signature": False})
    assert claims["user_id"] == str(user.pk)
    assert claims["email"] == user.email
    assert claims["is_staff"] is True
    assert claims["exp"] - claims["iat"] == 600  # seconds
    me = api(answer.json()["access"]).get("/api/v1/users/me/")
    assert me.json() == {
        "id": str(user.pk),
        "email": user.email,
        "email_verified": False,
        "name": "",
        "is_staff": True,
    }


@pytest.mark.parametrize("case", ["wrong password", "unknown address", "inactive"])
def test_signing_in_says_the_same_whatever_is_wrong(case):
    user = UserFactory(is_active=case != "inactive")
    if case == "unknown address":
        user = User(email="nobody@example.com")

    answer = sign_in(user, "wrong-password" if case == "wrong password" else PASSWORD)

    assert answer.status_code == 401
    assert answer.json()["code"] == "no_account"
    assert answer.json()["detail"] == "No account with that e-mail and password."


def test_refreshing_and_signing_out():
    first = sign_in(UserFactory()).json()

    second = api().post("/api/v1/users/token/refresh/", {"refresh": first["refresh"]}, "json")
    again = api().post("/api/v1/users/token/refresh/", {"refresh": first["refresh"]}, "json")
    out = api().post("/api/v1/users/token/logout/", {"refresh": second.json()["refresh"]}, "json")
    after = api().post(
        "/api/v1/users/token/refresh/", {"refresh": second.json()["refresh"]}, "json"
    )

    assert [a.status_code for a in (second, again, out, after)] == [200, 401, 204, 401]
    assert again.json()["code"] == "token_not_valid"


def test_an_access_token_is_no_refresh_token():
    tokens = operations.start_family(user=UserFactory())

    for path in ("refresh", "logout"):
        answer = api().post(f"/api/v1/users/token/{path}/", {"refresh": tokens.access}, "json")
        assert answer.status_code == 401


def test_only_the_name_can_be_changed():
    user = UserFactory(email="ada@example.com")
    client = api(operations.start_family(user=user).access)

    answer = client.patch("/api/v1/users/me/", {"name": "Ada", "is_staff": True}, "json")

    assert answer.json() == {
        "id": str(user.pk),
        "email": "ada@example.com",
        "email_verified": False,
        "name": "Ada",
        "is_staff": False,
    }
    user.refresh_from_db()
    assert (user.name, user.is_staff) == ("Ada", False)


@pytest.mark.parametrize("name", [True, {}, "x" * 151, None])
def test_a_bad_name_is_refused(name):
    user = UserFactory(name="Ada")
    client = api(operations.start_family(user=user).access)

    answer = client.patch(
        "/api/v1/users/me/", json.dumps({"name": name}), content_type="application/json"
    )

    user.refresh_from_db()
    assert (answer.status_code, user.name) == (400, "Ada")


def test_strangers_have_no_profile():
    assert api().get("/api/v1/users/me/").status_code == 401
