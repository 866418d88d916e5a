"""What an order holds is given back when it ends, once, in whatever order that is heard."""

import pytest
from uuid_utils.compat import uuid7

from apps.inventory.models import Hold, LedgerEntry
from apps.inventory.tests.factories import create, end, numbers, stocked
from eventbus.testing import drain, published, redeliver

pytestmark = pytest.mark.django_db

ENDED = ["payments.failed", "orders.failed", "orders.cancelled"]


def status_of(order):
    return Hold.objects.get(order_id=order).status


@pytest.mark.parametrize("name", ENDED)
def test_an_order_that_ends_lets_go_of_what_it_holds(name):
    stocked("MUG", 5)
    order = create(("MUG", 2))
    drain()

    end(name, order)
    drain()

    assert numbers("MUG") == (5, 0)
    assert status_of(order) == "released"
    assert published("inventory.released", key=order) == [
        {"order_id": str(order), "why": name, "restocked": False}
    ]
    assert published("inventory.stock_changed")[-1] == {"sku": "MUG", "available": 5, "version": 4}
    assert LedgerEntry.objects.count() == 1  # the delivery: nothing was sold


@pytest.mark.parametrize("name", ENDED)
def test_an_order_that_ends_after_its_sale_is_restocked(name):
    stocked("MUG", 5)
    order = create(("MUG", 2))
    end("orders.confirmed", order)
    drain()

    end(name, order)
    drain()

    assert numbers("MUG") == (5, 0)
    assert status_of(order) == "restocked"
    back = LedgerEntry.objects.get(kind="restocked")
    assert (back.sku, back.delta, back.order_id, back.reason) == ("MUG", 2, order, name)
    assert published("inventory.released", key=order) == [
        {"order_id": str(order), "why": name, "restocked": True}
    ]
    assert published("inventory.stock_changed")[-1]["available"] == 5


@pytest.mark.parametrize("confirmed", [False, True])
@pytest.mark.parametrize("name", ENDED)
def test_a_second_end_gives_nothing_back(name, confirmed):
    stocked("MUG", 5)
    order = create(("MUG", 2))
    if confirmed:
        end("orders.confirmed", order)
    drain()
    end(name, order)
    drain()
    changes = len(published("inventory.stock_changed"))

    redeliver(name, key=order, subscriber="inventory")

    assert numbers("MUG") == (5, 0)
    assert len(published("inventory.released")) == 1
    assert len(published("inventory.stock_changed")) == changes


@pytest.mark.parametrize("names", [ENDED[:2], ENDED[1::-1]])
def test_a_failed_payment_and_its_failed_order_release_once(names):
    stocked("MUG", 5)
    order = create(("MUG", 2))
    drain()

    for name in names:
        end(name, order)
        drain()

    assert numbers("MUG") == (5, 0)
    assert [fact["why"] for fact in published("inventory.released")] == [names[0]]


@pytest.mark.parametrize("name", ENDED)
def test_an_end_before_its_order_is_a_tombstone(name):
    stocked("MUG", 5)
    order = uuid7()
    end(name, order)
    drain()

    create(("MUG", 2), order=order)
    drain()

    assert numbers("MUG") == (5, 0)
    assert status_of(order) == "void"
    assert published("inventory.released") == []
    assert published("inventory.reserved") == []
    assert published("inventory.failed") == []


def test_the_end_of_a_refused_order_gives_nothing_back():
    stocked("MUG", 1)
    order = create(("MUG", 2))
    end("orders.failed", order)

    drain()

    assert numbers("MUG") == (1, 0)
    assert status_of(order) == "refused"
    assert published("inventory.released") == []


def test_a_failed_order_does_not_starve_its_own_retry():
    stocked("MUG", 1)
    failed = create(("MUG", 1))
    drain()

    retry = create(("MUG", 1), retry_of=failed)
    drain()

    assert numbers("MUG") == (1, 1)
    assert status_of(failed) == "released"
    assert status_of(retry) == "held"
    assert published("inventory.released", key=failed) == [
        {"order_id": str(failed), "why": "orders.created", "restocked": False}
    ]
    end("orders.failed", failed)
    drain()
    assert numbers("MUG") == (1, 1)
    assert len(published("inventory.released")) == 1


def test_a_retry_that_comes_before_its_failed_order_leaves_a_tombstone():
    stocked("MUG", 1)
    failed = uuid7()
    retry = create(("MUG", 1), retry_of=failed)
    drain()

    create(("MUG", 1), order=failed)
    drain()

    assert numbers("MUG") == (1, 1)
    assert status_of(retry) == "held"
    assert status_of(failed) == "void"


def test_low_stock_is_told_once_a_crossing():
    stocked("MUG", 5, low_threshold=3)
    first = create(("MUG", 2))
    create(("MUG", 1))
    drain()
    assert published("inventory.low_stock", key="MUG") == [
        {"sku": "MUG", "available": 3, "threshold": 3}
    ]

    end("orders.cancelled", first)
    drain()
    create(("MUG", 3))
    drain()

    assert [fact["available"] for fact in published("inventory.low_stock")] == [3, 1]


def test_a_first_delivery_below_the_threshold_is_no_fall():
    stocked("MUG", 2, low_threshold=3)
    assert published("inventory.low_stock") == []

    create(("MUG", 1))
    drain()

    assert [fact["available"] for fact in published("inventory.low_stock")] == [1]
