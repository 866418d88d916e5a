from datetime import timedelta
from uuid import uuid4

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AnonymousUser, Permission
from django.core import mail
from django.template import Context, Template
from django.test import RequestFactory
from django.utils import timezone

from apps.notifications import operations
from apps.notifications.models import UNKNOWN_AFTER, MailboxMessage
from apps.notifications.tests.factories import NotificationFactory, place, tell
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

    assert "1 left alone: being sent at this moment, " in answer.text
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

    for model in ("notification", "optout", "orderinfo", "refund", "mailboxmessage"):
        assert client.get(f"/admin/notifications/{model}/").status_code == 200
        assert client.get(f"/admin/notifications/{model}/add/").status_code == 403
    assert client.post(f"{PATH}{notification.pk}/delete/", {"post": "yes"}).status_code == 403
    assert client.post(f"{PATH}{notification.pk}/change/", {"subject": "x"}).status_code == 403


def test_who_may_only_look_cannot_resend(client):
    staff = sign_in(client)
    staff.user_permissions.set(Permission.objects.filter(codename="view_notification"))
    notification = NotificationFactory(state="failed")

    client.post(PATH, {"action": "resend", "_selected_action": [notification.pk]})

    assert client.get(PATH).status_code == 200
    assert not notification.resends.exists()
    assert published("notifications.requested") == []


def test_an_order_s_mails_are_found_by_its_number_and_lead_to_each_other(client):
    sign_in(client, is_superuser=True)
    order_id = place(number="HP-1000")
    tell("orders.confirmed", order_id)
    tell("orders.shipped", order_id)
    tell("orders.confirmed", place(number="HP-2000"))
    drain()

    for query in ({"q": "hp-1000"}, {"order_id": str(order_id)}):
        page = client.get(PATH, query).text
        assert page.count(f'<a class="nowrap" href="?order_id={order_id}">HP-1000</a>') == 2
        assert "HP-2000" not in page
    assert client.get(PATH, {"q": ""}).text.count("?order_id=") == 3


def act(client, action, notification):
    form = {"action": action, "_selected_action": [notification.pk]}
    return client.post(PATH, form, follow=True).text


@pytest.mark.parametrize(
    ("state", "retried", "resent"),
    [
        ("requested", False, True),
        ("sent", False, True),
        ("failed", True, True),
        ("held", True, True),
        ("expired", False, False),
        ("skipped", False, False),
    ],
)
def test_what_staff_may_have_sent_again(client, state, retried, resent):
    staff = sign_in(client, is_superuser=True)
    for action, allowed in (("retry", retried), ("resend", resent)):
        text = "" if state == "expired" else "Thank you."
        kind = "order_shipped" if state == "skipped" else "order_confirmed"
        mail = NotificationFactory(state=state, text=text, kind=kind, whose="a")
        operations.choose(whose="a", wanted={"order_shipped": False})

        page = act(client, action, mail)

        assert f"{int(allowed)} will be sent again." in page
        mail.refresh_from_db()
        assert mail.state == ("requested" if allowed else state)
        asked = [(resend.by, resend.before) for resend in mail.resends.all()]
        assert asked == ([(str(staff.pk), state)] if allowed else [])
        history = LogEntry.objects.filter(object_id=str(mail.pk))
        assert [str(entry) for entry in history] == (
            [f"Changed “{mail.subject} ({state})” — {action.capitalize()} asked for."]
            if allowed
            else []
        )


def test_looking_is_not_acting(client):
    staff = sign_in(client)
    staff.user_permissions.add(Permission.objects.get(codename="view_notification"))
    mail = NotificationFactory(state="failed", error="no such user")

    page = client.get(PATH).text
    assert "no such user" in page
    assert "Resend" not in page
    for action in ("retry", "resend"):
        act(client, action, mail)

    mail.refresh_from_db()
    assert mail.state == "failed"
    assert not mail.resends.exists()


def test_a_link_by_which_somebody_can_act_is_not_shown_to_staff(client):
    sign_in(client, is_superuser=True)
    secret = NotificationFactory(kind="password_reset", text="See /a-secret/", html="/a-secret/")
    plain = NotificationFactory(text="See /an-order/")

    assert "a-secret" not in client.get(f"{PATH}{secret.pk}/change/").text
    assert "/an-order/" in client.get(f"{PATH}{plain.pk}/change/").text


def test_the_staffs_page_of_an_order_leads_to_its_mails(client):
    order_id = uuid4()
    request = RequestFactory().get("/")
    request.user = sign_in(client, is_superuser=True)
    context = Context({"request": request, "order_id": order_id})
    link = Template('{% slot "order.staff" order_id=order_id %}')
    assert f'href="/admin/notifications/notification/?order_id={order_id}"' in link.render(context)
    request.user = AnonymousUser()
    assert link.render(context) == ""
