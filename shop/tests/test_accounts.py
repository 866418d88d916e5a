"""An account from signing up to a forgotten password, over the pages and the mails they lead to."""

import re
from typing import Any

import pytest
from django.test import Client

from apps.notifications.models import MailboxMessage, Notification
from eventbus.testing import drain

pytestmark = pytest.mark.django_db
OLD, NEW = "an analytical engine", "a compiler of words"


@pytest.fixture(autouse=True)
def _mailbox(settings: Any) -> None:
    settings.MAILBOX_PAGE = True
    settings.EMAIL_BACKEND = "apps.notifications.mailbox.MailboxBackend"


def newest_mail(client: Client) -> tuple[str, str]:
    """Of the mailbox page: the subject, and the path that its link leads to."""
    drain()
    page = client.get("/notifications/mailbox/").text
    path, subject = re.search(r'href="(/notifications/mailbox/[\w-]+/)">([^<]+)<', page).groups()  # type: ignore[union-attr]
    shown = client.get(path).text
    [link] = set(re.findall(r'href="http://127\.0\.0\.1:8080(/users/\w+/[\w-]+/)"', shown))
    assert link in client.get(f"{path}html/").text
    return subject, link


def sign_in(client: Client, password: str) -> bool:
    client.post("/users/login/", {"username": "ada@example.com", "password": password})
    return "_auth_user_id" in client.session


def test_from_signing_up_to_a_forgotten_password(client: Client) -> None:
    form = {"email": "ada@example.com", "password": OLD, "password_again": OLD}
    client.post("/users/signup/", form)

    subject, link = newest_mail(client)
    assert subject == "Confirm your address for Harbour &amp; Pine"
    assert "ada@example.com" in client.get(link).text
    client.post(link)
    assert sign_in(client, OLD)
    assert ">confirmed<" in client.get("/users/me/").text

    forgetful = Client()
    forgetful.post("/users/reset/", {"email": "ada@example.com"})
    subject, link = newest_mail(forgetful)
    assert subject == "Set a new password for Harbour &amp; Pine"
    forgetful.post(link, {"password": NEW, "password_again": NEW})
    drain()

    assert client.get("/users/me/").status_code == 302  # signed out everywhere
    assert not sign_in(forgetful, OLD)
    assert sign_in(forgetful, NEW)
    told = MailboxMessage.objects.latest("id")
    assert told.subject == "Your password at Harbour & Pine was changed"
    assert set(Notification.objects.values_list("state", flat=True)) == {"sent"}
    for mail in Notification.objects.filter(kind__in=("email_verification", "password_reset")):
        assert (mail.text, mail.html) == ("", "")


def test_the_account_leads_to_what_other_apps_have_for_it(client: Client) -> None:
    client.post(
        "/users/signup/", {"email": "ada@example.com", "password": OLD, "password_again": OLD}
    )
    sign_in(client, OLD)

    page = client.get("/users/me/").text

    assert 'href="/notifications/preferences/"' in page
    assert client.get("/notifications/preferences/").status_code == 200
