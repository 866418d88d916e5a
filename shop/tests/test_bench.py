"""What the saga is measured against does the same work."""

from decimal import Decimal
from hashlib import sha256

import pytest
from django.db import connection

from apps.orders.operations import Address
from bench.saga_baseline import buy
from bench.saga_shop import STATE
from eventbus.testing import drain
from shop.tests.factories import ArticleFactory
from shop.tests.shopper import ADDRESS, Shopper

LINES = {"TEST-A": 1, "TEST-B": 2, "TEST-C": 3}


def state() -> dict[str, Decimal]:
    """What the measurement compares, in numbers."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT " + ", ".join(f"({each})" for each in STATE.values()))
        return dict(zip(STATE, (Decimal(value or 0) for value in cursor.fetchone()), strict=True))


def shopper_with_a_cart() -> Shopper:
    shopper = Shopper()
    for sku, units in LINES.items():
        shopper.add(sku, units)
    return shopper


@pytest.mark.django_db(transaction=True)
def test_an_order_in_one_request_leaves_the_rows_that_the_saga_leaves() -> None:
    for sku in LINES:
        ArticleFactory(sku=sku, units=10)
    begun = state()
    one = shopper_with_a_cart()
    drawn = {"quote": one.quote(), "payment_method": one.card(), "email": "ada@example.com"}

    buy(**drawn, owner=owner_of(one), address=Address(**ADDRESS))

    once = state()
    shopper_with_a_cart().check_out()
    drain()
    saga = state()
    assert {name: once[name] - begun[name] for name in STATE} == {
        name: saga[name] - once[name] for name in STATE
    }
    assert once["orders CONFIRMED"] == 1


def owner_of(shopper: Shopper) -> str:
    """As the gateway tells it of a cart's token."""
    return f"cart:{sha256(shopper.headers['Cart-Token'].encode()).hexdigest()}"
