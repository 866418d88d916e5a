"""Each handler: once, twice, and out of order."""

import pytest
from uuid_utils.compat import uuid7

from apps.inventory.models import Hold, LedgerEntry, StockItem
from apps.inventory.tests.factories import change_product, create, end, numbers, stocked
from eventbus.models import Parked
from eventbus.testing import drain, published, redeliver

pytestmark = pytest.mark.django_db

ENDED = ["payments.failed", "orders.failed", "orders.cancelled"]


def status_of(order):
    return Hold.objects.get(order_id=order).status


def test_a_new_article_is_known_with_no_units():
    change_product("MUG", version=3, title="Mug, blue")

    drain()

    item = StockItem.objects.get(sku="MUG")
    assert (item.title, item.active, item.on_hand, item.held) == ("Mug, blue", True, 0, 0)
    assert published("inventory.stock_changed") == [{"sku": "MUG", "available": 0, "version": 1}]
    assert published("inventory.low_stock") == []


def test_a_changed_article_keeps_its_units():
    stocked("MUG", 5)
    change_product("MUG", version=2, title="Mug, red", active=False)

    drain()

    item = StockItem.objects.get(sku="MUG")
    assert (item.title, item.active, item.on_hand) == ("Mug, red", False, 5)


@pytest.mark.parametrize("version", [1, 2])
def test_an_older_or_equal_version_of_an_article_is_ignored(version):
    change_product("MUG", version=2, title="New")
    change_product("MUG", version=version, title="Old")

    drain()

    assert StockItem.objects.get(sku="MUG").title == "New"
    assert len(published("inventory.stock_changed")) == 1


def test_an_article_told_twice_is_announced_once():
    change_product("MUG", version=1)
    drain()

    redeliver("products.changed", key="MUG", subscriber="inventory")

    assert StockItem.objects.count() == 1
    assert len(published("inventory.stock_changed")) == 1


def test_many_articles_at_once_are_new_newer_or_old_news():
    stocked("BOWL", 5)
    change_product("LAMP", version=2, title="Lamp")
    drain()
    for sku, version in (("MUG", 1), ("LAMP", 1), ("BOWL", 2), ("VASE", 1)):
        change_product(sku, version=version, title=f"{sku} {version}")
    drain()

    assert dict(StockItem.objects.values_list("sku", "title")) == {
        "BOWL": "BOWL 2",
        "LAMP": "Lamp",
        "MUG": "MUG 1",
        "VASE": "VASE 1",
    }
    assert numbers("BOWL") == (5, 0)
    levels = [fact["sku"] for fact in published("inventory.stock_changed")]
    assert levels == ["BOWL", "LAMP", "MUG", "VASE"]


def test_an_order_holds_all_its_lines():
    stocked("MUG", 5)
    stocked("BOWL", 9)
    before = len(published("inventory.stock_changed"))

    order = create(("MUG", 2), ("BOWL", 1))
    drain()

    assert numbers("MUG") == (5, 2)
    assert numbers("BOWL") == (9, 1)
    assert published("inventory.reserved", key=order) == [
        {
            "order_id": str(order),
            "lines": [{"sku": "BOWL", "quantity": 1}, {"sku": "MUG", "quantity": 2}],
        }
    ]
    assert published("inventory.stock_changed")[before:] == [
        {"sku": "BOWL", "available": 8, "version": 3},
        {"sku": "MUG", "available": 3, "version": 3},
    ]
    assert published("inventory.failed") == []


def test_a_second_delivery_of_an_order_holds_nothing_more():
    stocked("MUG", 5)
    order = create(("MUG", 2))
    drain()

    redeliver("orders.created", key=order, subscriber="inventory")

    assert numbers("MUG") == (5, 2)
    assert len(published("inventory.reserved")) == 1


def test_short_stock_holds_nothing_and_names_every_missing_line():
    stocked("MUG", 1)
    stocked("BOWL", 9)
    before = len(published("inventory.stock_changed"))

    order = create(("MUG", 2), ("BOWL", 9), ("LAMP", 3))
    drain()

    assert published("inventory.failed", key=order) == [
        {
            "order_id": str(order),
            "missing": [
                {"sku": "LAMP", "wanted": 3, "available": 0},
                {"sku": "MUG", "wanted": 2, "available": 1},
            ],
        }
    ]
    assert numbers("MUG") == (1, 0)
    assert numbers("BOWL") == (9, 0)
    assert status_of(order) == "refused"
    assert published("inventory.reserved") == []
    assert len(published("inventory.stock_changed")) == before


def test_a_refused_order_is_not_held_by_a_second_delivery_when_stock_has_come():
    item = stocked("MUG", 1)
    order = create(("MUG", 2))
    drain()
    stocked("BOWL", 1)
    StockItem.objects.filter(pk=item.pk).update(on_hand=9)

    redeliver("orders.created", key=order, subscriber="inventory")

    assert numbers("MUG") == (9, 0)
    assert published("inventory.reserved") == []
    assert len(published("inventory.failed")) == 1


def test_the_same_article_on_two_lines_counts_as_the_sum():
    stocked("MUG", 1)

    order = create(("MUG", 1), ("MUG", 1))
    drain()

    assert published("inventory.failed", key=order)[0]["missing"] == [
        {"sku": "MUG", "wanted": 2, "available": 1}
    ]
    assert numbers("MUG") == (1, 0)


def test_two_lines_of_one_article_are_held_together():
    stocked("MUG", 3)

    order = create(("MUG", 1), ("MUG", 2))
    drain()

    assert numbers("MUG") == (3, 3)
    lines = published("inventory.reserved", key=order)[0]["lines"]
    assert lines == [{"sku": "MUG", "quantity": 3}]


@pytest.mark.parametrize("quantity", [0, -1])
def test_a_line_of_no_units_is_a_dead_letter(quantity):
    stocked("MUG", 3)

    order = create(("MUG", quantity))
    drain()

    assert numbers("MUG") == (3, 0)
    assert Parked.objects.get(subscriber="inventory", key=str(order)).state == Parked.State.DEAD
    assert not Hold.objects.exists()


def test_a_confirmed_order_is_sold():
    stocked("MUG", 5)
    order = create(("MUG", 2))
    drain()
    before = len(published("inventory.stock_changed"))

    end("orders.confirmed", order)
    drain()

    assert numbers("MUG") == (3, 0)
    assert status_of(order) == "committed"
    sold = LedgerEntry.objects.get(kind="sold")
    assert (sold.sku, sold.delta, sold.order_id) == ("MUG", -2, order)
    assert (sold.by, sold.reason) == ("orders", "orders.confirmed")
    assert len(published("inventory.stock_changed")) == before  # available is as it was
    assert published("inventory.released") == []


def test_a_second_confirmation_sells_nothing_more():
    stocked("MUG", 5)
    order = create(("MUG", 2))
    end("orders.confirmed", order)
    drain()

    redeliver("orders.confirmed", key=order, subscriber="inventory")

    assert numbers("MUG") == (3, 0)
    assert LedgerEntry.objects.filter(kind="sold").count() == 1


def test_a_late_second_confirmation_of_a_restocked_order_does_nothing():
    stocked("MUG", 5)
    order = create(("MUG", 2))
    end("orders.confirmed", order)
    end("orders.cancelled", order)
    drain()

    redeliver("orders.confirmed", key=order, subscriber="inventory")

    assert numbers("MUG") == (5, 0)
    assert status_of(order) == "restocked"


@pytest.mark.parametrize("earlier", [None, "payments.failed"])
def test_confirming_what_is_not_held_is_a_dead_letter_and_never_oversells(earlier):
    stocked("MUG", 5)
    order = create(("MUG", 2)) if earlier else uuid7()
    if earlier:
        end(earlier, order)
        drain()

    end("orders.confirmed", order)
    drain()

    letter = Parked.objects.get(subscriber="inventory", key=str(order))
    assert letter.state == Parked.State.DEAD
    assert "nothing is held" in letter.error
    assert numbers("MUG") == (5, 0)
    assert not LedgerEntry.objects.filter(kind="sold").exists()
