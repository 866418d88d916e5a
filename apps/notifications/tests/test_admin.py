from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.core import mail
from django.utils import timezone

from apps.notifications.models import UNKNOWN_AFTER, MailboxMessage
from apps.notifications.tests.factories import NotificationFactory
from eventbus.testing import drain, published

pytestmark = pytest.mark.django_db
PATH = "/admin/notifications/notification/"


def sign_in(client, **rights):
    model = get_user_model()
    staff = model(**{model.USERNAME_FIELD: "staff@example.com"}, is_staff=True, **rights)
    staff.save()
    client.force_login(staff)
    return staff


def test_staff_resend_a_mail(client):
    staff = sign_in(client, is_superuser=True)
    notification = NotificationFactory(state="failed", error="SMTPRecipientsRefused: no such user")

    answer = client.post(
        PATH, {"action": "resend", "_selected_action": [notification.pk]}, follow=True
    )
    drain()

    assert "1 will be sent again." in answer.text
    notification.refresh_from_db()
    assert notification.state == "sent"
    assert notification.resends.get().by == str(staff.pk)
    assert len(mail.outbox) == 1
    assert "by " + str(staff.pk) in client.get(f"{PATH}{notification.pk}/change/").text


def test_a_mail_being_sent_is_left_alone(client):
    sign_in(client, is_superuser=True)
    notification = NotificationFactory(state="sending", begun_at=timezone.now())

    answer = client.post(
        PATH, {"action": "resend", "_selected_action": [notification.pk]}, follow=True
    )

    assert "1 left alone: being sent at this moment." in answer.text
    assert published("notifications.requested") == []


def test_mails_are_found_by_recipient_and_order_and_an_unknown_outcome_is_shown(client):
    sign_in(client, is_superuser=True)
    stuck = timezone.now() - UNKNOWN_AFTER - timedelta(seconds=1)
    notification = NotificationFactory(state="sending", begun_at=stuck)
    NotificationFactory(recipient="bob@example.com")

    for query in ("ada@", str(notification.order_id)):
        page = client.get(PATH, {"q": query}).text
        assert "ada@example.com" in page
        assert "bob@example.com" not in page
        assert '<td class="field-outcome">outcome unknown</td>' in page
    assert client.get(PATH, {"state": "sent"}).text.count("@example.com</td>") == 0


def test_nothing_can_be_added_changed_or_deleted(client):
    sign_in(client, is_superuser=True)
    notification = NotificationFactory()
    MailboxMessage.objects.create(sender="a", recipients="b", subject="c", text="d")

    for model in ("notification", "orderinfo", "refund", "mailboxmessage"):
        assert client.get(f"/admin/notifications/{model}/").status_code == 200
        assert client.get(f"/admin/notifications/{model}/add/").status_code == 403
    assert client.post(f"{PATH}{notification.pk}/delete/", {"post": "yes"}).status_code == 403
    assert client.post(f"{PATH}{notification.pk}/change/", {"subject": "x"}).status_code == 403
