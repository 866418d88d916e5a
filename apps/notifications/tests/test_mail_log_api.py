"""Staff's programs read what became of mails; nobody else does."""

from uuid import uuid4

import pytest
from django.contrib.auth.models import Permission
from rest_framework.test import APIClient
from rest_framework_simplejwt.models import TokenUser

from apps.notifications.models import Notification

pytestmark = pytest.mark.django_db
URL = "/api/v1/notifications/mails/"


def by_token(*, is_staff):
    client = APIClient()
    client.force_authenticate(TokenUser({"user_id": str(uuid4()), "is_staff": is_staff}))
    return client


def mail(**fields):
    plain = {
        "kind": "order_confirmed",
        "occasion": uuid4(),
        "order_id": uuid4(),
        "recipient": "ada@example.com",
        "subject": "Your order",
        "text": "token=secret",
        "html": "token=secret",
    }
    return Notification.objects.create(**plain | fields)


def found(**filters):
    answer = by_token(is_staff=True).get(URL, filters)
    assert answer.status_code == 200
    return [one["id"] for one in answer.json()["results"]]


def test_staff_find_mails_and_read_no_secret(django_assert_num_queries):
    sent, failed = mail(state="sent"), mail(kind="order_failed", state="failed", error="refused")
    with django_assert_num_queries(1):
        answer = by_token(is_staff=True).get(URL, {"state": "failed"})
    [one] = answer.json()["results"]
    assert (one["id"], one["error"], one["recipient"]) == (
        str(failed.pk),
        "refused",
        "ada@example.com",
    )
    assert b"secret" not in answer.content
    assert found() == [str(failed.pk), str(sent.pk)]
    assert found(order_id=str(sent.order_id)) == [str(sent.pk)]
    assert found(kind="order_failed") == [str(failed.pk)]
    assert found(kind="order_failed", state="sent") == []


@pytest.mark.parametrize(
    "filters", [{"order_id": "7"}, {"state": ""}, {"kind": "\x00"}], ids=range(3)
)
def test_a_filter_that_is_none_is_the_clients_error(filters):
    answer = by_token(is_staff=True).get(URL, filters)
    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"


def test_a_position_that_was_not_given_out_is_404():
    assert by_token(is_staff=True).get(URL, {"cursor": "cD14"}).status_code == 404  # p=x


def test_nobody_else_reads_them(django_user_model):
    assert APIClient().get(URL).status_code == 401
    assert by_token(is_staff=False).get(URL).status_code == 403
    user = django_user_model.objects.create(is_staff=True)
    client = APIClient()
    client.force_authenticate(user)
    assert client.get(URL).status_code == 403
    user.user_permissions.add(Permission.objects.get(codename="view_notification"))
    client.force_authenticate(type(user).objects.get(pk=user.pk))  # it remembers what it may
    assert client.get(URL).status_code == 200
