"""Which mails people do without: by page, by API, by the link in a mail, guests too."""

import pytest
from django.contrib.auth import get_user_model
from django.core import mail
from django.test import Client
from rest_framework.test import APIClient
from rest_framework_simplejwt.tokens import AccessToken

from apps.notifications import operations, queries
from apps.notifications.access import read_stop_token, stop_token
from apps.notifications.models import OPTIONAL, Notification, OptOut
from apps.notifications.operations import NotOptional
from apps.notifications.tests.factories import NotificationFactory, place, send, tell
from eventbus.testing import drain, published

pytestmark = pytest.mark.django_db
GUEST = "5f0c"  # the subject of the orders in these tests
PREFERENCES, API = "/notifications/preferences/", "/api/v1/notifications/preferences/"
BOTH = {"order_shipped": True, "order_delivered": True}


@pytest.fixture
def user(client):
    """Somebody who is signed in."""
    model = get_user_model()
    user = model(**{model.USERNAME_FIELD: "ada@example.com"})
    user.save()
    client.force_login(user)
    return user


@pytest.fixture
def caller(user):
    claims = AccessToken()
    claims["user_id"] = str(user.pk)
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {claims}")
    return client


def turns(order_id, *names):
    for name in names:
        tell(f"orders.{name}", order_id)
    drain()


def stop_path():
    """The one in the mail that was sent last."""
    return mail.outbox[-1].extra_headers["List-Unsubscribe"][1:-1].partition(":8080")[2]


# What is not wanted is not sent -----------------------------------------------------------------
def test_a_kind_that_is_not_wanted_is_noted_and_never_sent():
    operations.choose(whose=GUEST, wanted={"order_shipped": False})

    turns(place(), "confirmed", "shipped", "delivered")

    states = dict(Notification.objects.values_list("kind", "state"))
    assert states == {
        "order_confirmed": "sent",
        "order_shipped": "skipped",
        "order_delivered": "sent",
    }
    assert [m.subject.split()[-1] for m in mail.outbox] == ["confirmed", "delivered"]
    assert len(published("notifications.requested")) == 2
    assert "order_shipped" not in str(published("notifications.sent"))


def test_a_choice_counts_for_what_was_written_and_not_sent_yet():
    notification = NotificationFactory(kind="order_shipped", whose=GUEST)
    operations.choose(whose=GUEST, wanted={"order_shipped": False})

    assert send(notification.pk) is None

    notification.refresh_from_db()
    assert (notification.state, notification.attempts) == ("skipped", 0)
    assert mail.outbox == []


def test_the_choice_of_one_is_not_that_of_another():
    operations.choose(whose="somebody else", wanted=dict.fromkeys(OPTIONAL, False))

    turns(place(), "shipped")

    assert len(mail.outbox) == 1


@pytest.mark.parametrize("kind", sorted(set(Notification.Kind) - set(OPTIONAL)))
def test_of_the_rest_there_is_no_choice(kind):
    with pytest.raises(NotOptional):
        operations.choose(whose=GUEST, wanted={kind: False, "order_shipped": False})

    assert not OptOut.objects.exists()
    assert queries.is_wanted(kind=kind, whose=GUEST)


# By the link in a mail --------------------------------------------------------------------------
def test_optional_mails_can_be_stopped_by_one_click_of_the_mail_program():
    turns(place(), "shipped")
    headers = mail.outbox[0].extra_headers
    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    url = headers["List-Unsubscribe"].strip("<>")
    assert url in mail.outbox[0].body
    assert f'href="{url}"' in mail.outbox[0].alternatives[0].content
    assert "List-Unsubscribe" in mail.outbox[0].message()

    program = Client(enforce_csrf_checks=True)
    for _ in range(2):
        answer = program.post(stop_path(), {"List-Unsubscribe": "One-Click"})
        assert answer.status_code == 200

    assert OptOut.objects.values_list("whose", "kind").get() == (GUEST, "order_shipped")
    turns(place(), "shipped", "delivered")
    assert [m.subject.split()[-1] for m in mail.outbox] == ["way", "delivered"]


def test_looking_stops_nothing_and_a_click_can_be_taken_back(client):
    turns(place(), "delivered")
    path = stop_path()

    assert "Stop these mails?" in client.get(path).text
    assert not OptOut.objects.exists()
    assert "These mails are stopped" in client.post(path).text
    assert "These mails are stopped" in client.get(path).text
    assert "You get these mails again." in client.post(path, {"again": "1"}).text
    assert "You get these mails again." not in client.get(path).text
    assert not OptOut.objects.exists()


def test_mails_that_have_to_be_sent_have_no_such_link():
    turns(place(), "confirmed")

    (message,) = mail.outbox
    assert message.extra_headers == {"Auto-Submitted": "auto-generated"}
    assert "/notifications/stop/" not in message.body + message.alternatives[0].content


@pytest.mark.parametrize(
    "token",
    [
        "nonsense",
        stop_token(whose=GUEST, kind="order_shipped")[:-1],
        stop_token(whose=GUEST, kind="order_shipped").swapcase(),
        stop_token(whose=GUEST, kind="order_confirmed"),
        "é",
    ],
)
def test_a_link_that_is_none_of_ours_stops_nothing(client, token):
    for answer in (
        client.get(f"/notifications/stop/{token}/"),
        client.post(f"/notifications/stop/{token}/"),
    ):
        assert answer.status_code == 404
    assert not OptOut.objects.exists()


def test_a_token_says_whose_and_which():
    assert read_stop_token(stop_token(whose="ä", kind="x")) == ("ä", "x")


# By page ----------------------------------------------------------------------------------------
def test_one_s_own_choice_by_page(client, user):
    page = client.get(PREFERENCES).text
    assert page.count('value="yes"') == page.count(" checked") == 2

    answer = client.post(PREFERENCES, {"order_shipped": "no", "order_delivered": "yes"})

    assert answer.url == PREFERENCES
    assert queries.preferences(str(user.pk)) == BOTH | {"order_shipped": False}
    assert 'value="no" id="id_order_shipped_1" required checked' in client.get(PREFERENCES).text
    client.post(PREFERENCES, {"order_shipped": "yes", "order_delivered": "yes"})
    assert not OptOut.objects.exists()


@pytest.mark.parametrize("form", [{}, {"order_shipped": "no"}, dict.fromkeys(BOTH, "perhaps")])
def test_an_answer_left_out_is_not_taken_for_a_no(client, user, form):
    assert client.post(PREFERENCES, form).status_code == 200
    assert not OptOut.objects.exists()


def test_strangers_are_asked_to_sign_in(client):
    assert client.get(PREFERENCES).url == f"/users/login/?next={PREFERENCES}"
    assert APIClient().get(API).status_code == 401


# By API -----------------------------------------------------------------------------------------
def test_one_s_own_choice_by_api(caller, user):
    assert caller.get(API).json() == BOTH
    some = caller.patch(API, {"order_delivered": False}, "json")
    assert some.json() == {"order_shipped": True, "order_delivered": False}
    every = caller.put(API, {"order_shipped": False, "order_delivered": True}, "json")
    assert every.json() == {"order_shipped": False, "order_delivered": True}
    assert OptOut.objects.values_list("whose", "kind").get() == (str(user.pk), "order_shipped")


@pytest.mark.parametrize(
    ("method", "body", "field"),
    [
        ("patch", {"order_confirmed": False, "order_shipped": False}, "order_confirmed"),
        ("patch", {"order_shipped": "perhaps"}, "order_shipped"),
        ("patch", {"order_shipped": None}, "order_shipped"),
        ("put", {"order_shipped": False}, "order_delivered"),
        ("put", [], "non_field_errors"),
    ],
)
def test_what_is_no_choice_is_a_problem_and_changes_nothing(caller, method, body, field):
    answer = getattr(caller, method)(API, body, "json")

    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"
    assert list(answer.json()["errors"]) == [field]
    assert not OptOut.objects.exists()
