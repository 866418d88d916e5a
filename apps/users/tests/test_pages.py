import pytest
from django.contrib.auth.models import AnonymousUser
from django.test import Client, RequestFactory

from apps.users import slots
from apps.users.models import User
from apps.users.tests.factories import PASSWORD, UserFactory

pytestmark = pytest.mark.django_db

NEW = {
    "email": "Ada@example.com",
    "name": "Ada",
    "password": PASSWORD,
    "password_again": PASSWORD,
}


def test_signing_up_then_in_then_out(client):
    up = client.post("/users/signup/", NEW | {"next": "/orders/"})
    assert up.url == "/users/login/?next=%2Forders%2F"
    assert "Now sign in." in client.get(up.url).text

    sign_in = {"username": "ADA@example.com", "password": PASSWORD, "next": "/orders/"}
    assert client.post("/users/login/", sign_in).url == "/orders/"
    assert client.session["_auth_user_id"] == str(User.objects.get().pk)

    assert client.post("/users/logout/").url == "/"
    assert "_auth_user_id" not in client.session
    assert "You are signed out." in client.get("/users/login/").text


def test_signing_up_with_a_taken_address_looks_the_same_and_signs_nobody_in(client):
    first, second = (client.post("/users/signup/", NEW) for _ in range(2))

    assert (first.status_code, first.url) == (second.status_code, second.url)
    assert "_auth_user_id" not in client.session
    assert User.objects.count() == 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"email": "no"}, "Enter a valid email address."),
        ({"password": "short", "password_again": "short"}, "This password is too short."),
        ({"password_again": "other"}, "The two passwords are not the same."),
    ],
)
def test_bad_sign_ups_say_what_is_wrong(client, change, message):
    answer = client.post("/users/signup/", NEW | change)

    assert message in answer.text
    assert PASSWORD not in answer.text
    assert not User.objects.exists()


@pytest.mark.parametrize("elsewhere", ["https://evil.example/", "//evil.example", "javascript:1"])
def test_signing_up_leads_to_no_other_site(client, elsewhere):
    assert client.post("/users/signup/", NEW | {"next": elsewhere}).url == "/users/login/"


def test_a_wrong_password_is_refused_in_plain_words(client):
    UserFactory(email="ada@example.com")

    answer = client.post("/users/login/", {"username": "ada@example.com", "password": "wrong"})

    assert "do not belong together" in answer.text
    assert "_auth_user_id" not in client.session


@pytest.mark.parametrize("door", ["login", "signup"])
def test_who_is_signed_in_already_is_sent_to_the_account(client, door):
    client.force_login(UserFactory())
    for tail in ("", "?next=/users/login/", "?next=/orders/"):
        answer = client.get(f"/users/{door}/{tail}")
        assert (answer.status_code, answer["Location"]) == (302, "/users/me/")
    client.logout()
    assert client.get(f"/users/{door}/").status_code == 200


def test_signing_in_renews_the_session_key(client):
    UserFactory(email="ada@example.com")
    client.session.save()
    before = client.session.session_key

    client.post("/users/login/", {"username": "ada@example.com", "password": PASSWORD})

    assert client.session.session_key != before


def test_signing_out_needs_a_post_with_the_form_s_token():
    client = Client(enforce_csrf_checks=True)
    client.force_login(UserFactory())

    assert client.get("/users/logout/").status_code == 405
    assert client.post("/users/logout/").status_code == 403
    assert "_auth_user_id" in client.session


def test_the_profile_shows_and_changes_the_name(client):
    assert client.get("/users/me/").url == "/users/login/?next=/users/me/"
    user = UserFactory(email="ada@example.com")
    client.force_login(user)

    assert "ada@example.com" in client.get("/users/me/").text
    assert client.post("/users/me/", {"name": "Ada <b>"}).url == "/users/me/"

    user.refresh_from_db()
    assert user.name == "Ada <b>"
    assert "Ada &lt;b&gt;</a>" in client.get("/users/me/").text


@pytest.mark.parametrize(
    ("path", "link"),
    [
        ("/products/?q=tea&page=2", "/users/login/?next=%2Fproducts%2F%3Fq%3Dtea%26page%3D2"),
        ("/users/signup/", "/users/login/"),
    ],
)
def test_the_header_s_sign_in_leads_back_to_the_page(path, link):
    request = RequestFactory().get(path)
    request.user = AnonymousUser()

    assert f'<a href="{link}">Sign in</a>' in slots.header(request)


def test_the_header_offers_to_sign_out_by_a_form():
    request = RequestFactory().get("/")
    request.user = UserFactory(name="Ada")

    html = slots.header(request)

    assert '<a href="/users/me/">Ada</a>' in html
    assert '<form method="post" action="/users/logout/">' in html
    assert "csrfmiddlewaretoken" in html
