"""No door tells who has an account: the same answer after the same work.

Hashing a password is what takes time (some 100 ms); all else is told by no clock. So the work is
counted in hashes.
"""

import re

import pytest
from django.contrib.auth.hashers import MD5PasswordHasher
from rest_framework.test import APIClient

from apps.users.tests.factories import PASSWORD, UserFactory

pytestmark = pytest.mark.django_db
KNOWN, UNKNOWN, CLOSED = "ada@example.com", "bob@example.com", "eve@example.com"
FORM_TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="\w+"')  # another in every answer
NEW = {"password": PASSWORD, "password_again": PASSWORD, "name": ""}


@pytest.fixture
def hashes(monkeypatch):
    """One entry for each password that is hashed; the first hasher of the settings of tests."""
    made, encode = [], MD5PasswordHasher.encode

    def counting(self, password, salt):
        made.append(salt)
        return encode(self, password, salt)

    monkeypatch.setattr(MD5PasswordHasher, "encode", counting)
    return made


def by_page(path, body):
    answer = APIClient().post(path, body, format="multipart", follow=True)
    return answer.status_code, answer.redirect_chain, FORM_TOKEN.sub("", answer.text)


def by_api(path, body):
    answer = APIClient().post(path, body, format="json")
    return answer.status_code, answer.text


@pytest.mark.parametrize(
    ("send", "path", "name", "body", "work"),
    [
        (by_page, "/users/login/", "username", {"password": "wrong"}, 1),
        (by_api, "/api/v1/users/token/", "email", {"password": "wrong"}, 1),
        (by_page, "/users/signup/", "email", NEW, 1),
        (by_api, "/api/v1/users/", "email", NEW, 1),
        (by_page, "/users/reset/", "email", {}, 0),
        (by_api, "/api/v1/users/password-reset/", "email", {}, 0),
    ],
)
def test_every_address_gets_the_same_answer_after_the_same_work(
    hashes, send, path, name, body, work
):
    UserFactory(email=KNOWN)
    UserFactory(email=CLOSED, is_active=False)
    answers = []
    for email in (KNOWN, UNKNOWN, CLOSED):
        hashes.clear()
        *words, content = send(path, {**body, name: email})
        answers.append((*words, content.replace(email, "ADDRESS"), len(hashes)))

    assert answers[0] == answers[1] == answers[2]
    assert answers[0][-1] == work
