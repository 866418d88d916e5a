"""Idempotency-Key beyond placing: cancel and retry, whose keys they are, and one in flight."""

from functools import partial
from threading import Event as Signal
from threading import Thread

import pytest
from django.db import connection
from rest_framework.test import APIClient

from apps.orders import operations
from apps.orders.access import access_token
from apps.orders.models import IdempotencyKey, Order
from apps.orders.operations import Answer
from apps.orders.refusals import KeyInFlight
from apps.orders.tests.factories import CART_TOKEN, decline, place
from apps.orders.tests.test_races import at_once
from eventbus.testing import drain, published


def guest(**headers):
    return APIClient(headers={"Cart-Token": CART_TOKEN} | headers)


def post(client, order, what, body, key="key-1"):
    url = f"/api/v1/orders/{order.pk}/{what}/"
    return client.post(url, body, format="json", headers={"Idempotency-Key": key})


@pytest.fixture
def failed(db):
    order = place()
    decline(order)
    drain()
    return order


def test_a_repeated_retry_gets_the_first_answer(failed):
    first, second = (post(guest(), failed, "retry", {"payment_method": "pm_2"}) for _ in range(2))
    assert (first.status_code, second.status_code) == (201, 201)
    assert second.json() == first.json()
    assert first.json()["access_token"] == access_token(first.json()["id"])
    assert second["Idempotent-Replayed"] == "true"
    assert "access_token" not in IdempotencyKey.objects.get().body
    other = post(guest(), failed, "retry", {"payment_method": "pm_3"})
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert Order.objects.count() == 2


@pytest.mark.django_db
def test_a_repeated_cancel_gets_the_first_answer():
    order = place()
    first, second = (post(guest(), order, "cancel", {"reason": "No."}) for _ in range(2))
    assert (first.status_code, second.status_code) == (200, 200)
    assert second.json() == first.json()
    assert post(guest(), order, "cancel", {}).status_code == 422
    assert post(guest(), order, "cancel", {}, key="another").status_code == 409
    assert len(published("orders.cancelled")) == 1


@pytest.mark.django_db
def test_a_refused_request_keeps_nothing_so_that_the_key_may_try_again():
    order = place()
    assert post(guest(), order, "retry", {"payment_method": "pm_2"}).status_code == 409
    assert not IdempotencyKey.objects.exists()
    decline(order)
    drain()
    assert post(guest(), order, "retry", {"payment_method": "pm_2"}).status_code == 201


@pytest.mark.parametrize("key", ["", "k" * 256])
def test_a_key_that_is_none_is_refused_and_nothing_is_done(failed, key):
    answer = post(guest(), failed, "retry", {"payment_method": "pm_2"}, key=key)
    assert (answer.status_code, answer.json()["code"]) == (400, "idempotency_key_missing")
    assert Order.objects.count() == 1


def test_whoever_has_the_orders_token_alone_has_keys_of_their_own(failed):
    by_mail = APIClient(headers={"Order-Token": access_token(failed.pk)})
    assert post(by_mail, failed, "retry", {"payment_method": "pm_2"}).status_code == 201
    answer = post(guest(), failed, "retry", {"payment_method": "pm_3"})
    assert answer.status_code == 200  # the order that there is; the same key, another owner
    assert IdempotencyKey.objects.count() == 2


def answer_by(act):
    return operations.answer_once(
        owner="user:1", request="POST /x/", key="k", fingerprint="f", act=act
    )


@pytest.mark.django_db(transaction=True)
def test_of_many_requests_with_one_key_at_once_one_acts():
    acted = []

    def act():
        acted.append(1)
        return Answer(status=201, body={"number": len(acted)})

    answers = at_once(*[partial(answer_by, act)] * 5)
    done = [one for one in answers if not isinstance(one, KeyInFlight)]
    assert len(acted) == 1
    assert {(one.status, one.body["number"]) for one in done} == {(201, 1)}
    assert sum(not one.replayed for one in done) == 1
    assert answer_by(act).replayed


@pytest.mark.engine("postgresql")
@pytest.mark.django_db(transaction=True)
def test_a_key_whose_first_request_is_being_answered_is_in_flight():
    begun, ended = Signal(), Signal()

    def slow():
        begun.set()
        assert ended.wait(30)
        return Answer(status=201, body={})

    def run():
        answer_by(slow)
        connection.close()

    first = Thread(target=run)
    first.start()
    assert begun.wait(30)
    try:
        with pytest.raises(KeyInFlight):
            answer_by(slow)
    finally:
        ended.set()
        first.join()
    assert answer_by(slow).replayed


@pytest.mark.django_db
def test_in_flight_is_a_409_that_says_when_to_come_back(monkeypatch):
    def in_flight(identity):
        raise KeyInFlight

    monkeypatch.setattr("apps.orders.operations.answering._ensure_not_in_flight", in_flight)
    answer = post(guest(), place(), "cancel", {})
    assert (answer.status_code, answer.json()["code"]) == (409, "idempotency_key_in_flight")
    assert answer["Retry-After"] == "1"
    assert Order.objects.get().status == "PENDING"
