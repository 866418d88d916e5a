from types import SimpleNamespace
from uuid import uuid4

import pytest

from apps.products import operations
from apps.products.models import Availability, BoughtOrder
from apps.products.tests.factories import VariantFactory
from eventbus.republishing import republish
from eventbus.testing import drain, emit, published, redeliver

pytestmark = pytest.mark.django_db


def stock(sku, available, version):
    body = {"sku": sku, "available": available, "version": version}
    emit("inventory.stock_changed", body, key=sku)


def known():
    return list(Availability.objects.values_list("sku", "available", "version"))


def test_stock_is_shown():
    stock("MUG-BLU", 7, 1)
    drain()
    assert known() == [("MUG-BLU", 7, 1)]


def test_a_second_delivery_changes_nothing():
    stock("MUG-BLU", 7, 1)
    drain()
    redeliver("inventory.stock_changed", key="MUG-BLU", subscriber="products")
    assert known() == [("MUG-BLU", 7, 1)]


def test_an_older_version_does_not_win():
    stock("MUG-BLU", 7, 2)
    stock("MUG-BLU", 9, 1)
    drain()
    assert known() == [("MUG-BLU", 7, 2)]


def test_articles_are_told_again_with_the_versions_they_have():
    one, other = VariantFactory(), VariantFactory()
    assert republish("products.changed", [one.sku]) == 1
    assert republish("products.changed") == 2
    told = [(fact["sku"], fact["version"]) for fact in published("products.changed")]
    every = sorted([(one.sku, one.version), (other.sku, other.version)])
    assert told == [(one.sku, one.version), *every]


def test_many_orders_cost_as_many_statements_as_one(django_assert_max_num_queries):
    ids = [uuid4() for _ in range(30)]
    line = SimpleNamespace(sku="MUG")
    orders = [SimpleNamespace(order_id=pk, customer_id=uuid4(), lines=[line]) for pk in ids]
    with django_assert_max_num_queries(4):  # two, and a savepoint around them
        operations.note_purchases(orders)
    with django_assert_max_num_queries(5):
        operations.confirm_purchases(ids)
    assert BoughtOrder.objects.filter(status="confirmed").count() == 30
    with django_assert_max_num_queries(4):
        operations.cancel_purchases(ids)
    assert BoughtOrder.objects.filter(status="cancelled").count() == 30
    levels = [SimpleNamespace(sku=f"SKU-{n}", available=n, version=1) for n in range(30)]
    with django_assert_max_num_queries(5):
        operations.record_availability(levels)
    assert Availability.objects.count() == 30
