import pytest

from apps.orders import queries
from apps.orders.access import access_token, is_access_token, subject_of
from apps.orders.tests.factories import GUEST, place


@pytest.mark.django_db
def test_a_token_opens_its_own_order_only():
    order, other = place(), place()
    token = access_token(order.pk)
    assert len(token) == 43  # 256 bits in base64
    assert is_access_token(token, order_id=order.pk)
    assert not is_access_token(token, order_id=other.pk)
    assert not is_access_token("", order_id=order.pk)
    assert not is_access_token("é", order_id=order.pk)
    assert queries.order_for(order.pk, owner=None) is None
    assert queries.order_for(order.pk, owner="user:somebody") is None
    assert queries.order_for(order.pk, owner=None, token=token) == order
    assert queries.order_for(order.pk, owner=GUEST) == order


def test_a_token_outlives_a_new_key(settings):
    order_id = "00000000-0000-7000-8000-000000000000"
    token = access_token(order_id)
    settings.QUOTE_KEYS = ["a new key", *settings.QUOTE_KEYS]
    assert is_access_token(token, order_id=order_id)
    assert access_token(order_id) != token
    settings.QUOTE_KEYS = ["a new key"]
    assert not is_access_token(token, order_id=order_id)


def test_a_guests_subject_is_the_same_for_every_spelling_of_the_address():
    subject = subject_of(customer_id=None, email="ann@example.com")
    assert subject == subject_of(customer_id=None, email="Ann@Example.com")
    assert subject != subject_of(customer_id=None, email="bob@example.com")
    assert len(subject) == 64
