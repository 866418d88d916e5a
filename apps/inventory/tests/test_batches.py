"""Orders that come in a batch are decided on one after the other."""

from types import SimpleNamespace
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.inventory import operations
from apps.inventory.models import Hold, LedgerEntry, StockItem
from apps.inventory.tests.factories import create, end, numbers, stocked
from eventbus.models import Event, Parked
from eventbus.testing import drain, published

pytestmark = pytest.mark.django_db

ORDERS = [UUID(int=number) for number in range(1, 7)]
SKUS = ("BOWL", "LAMP", "MUG")


def order(number, *lines, retry_of=None):
    wanted = [SimpleNamespace(sku=sku, quantity=quantity) for sku, quantity in lines]
    retried = None if retry_of is None else ORDERS[retry_of]
    return SimpleNamespace(order_id=ORDERS[number], lines=wanted, retry_of=retried)


def statuses():
    return {ORDERS.index(h.order_id): h.status for h in Hold.objects.all() if h.order_id in ORDERS}


def test_the_last_unit_goes_to_the_first_of_two_orders():
    stocked("MUG", 1)

    operations.reserve_stock(orders=[order(0, ("MUG", 1)), order(1, ("MUG", 1))])

    assert statuses() == {0: "held", 1: "refused"}
    assert numbers("MUG") == (1, 1)
    assert published("inventory.failed", key=ORDERS[1])[0]["missing"] == [
        {"sku": "MUG", "wanted": 1, "available": 0}
    ]


def test_an_order_that_fails_leaves_the_stock_to_the_next():
    stocked("MUG", 2)
    stocked("BOWL", 0)

    operations.reserve_stock(
        orders=[order(0, ("MUG", 2), ("BOWL", 1)), order(1, ("MUG", 1), ("MUG", 1))]
    )

    assert statuses() == {0: "refused", 1: "held"}
    assert numbers("MUG") == (2, 2)


def test_a_level_is_told_once_an_article_with_its_highest_version():
    stocked("MUG", 9)
    before = len(published("inventory.stock_changed"))

    operations.reserve_stock(orders=[order(number, ("MUG", 1)) for number in range(4)])

    told = published("inventory.stock_changed")[before:]
    assert told == [{"sku": "MUG", "available": 5, "version": 6}]
    assert StockItem.objects.get(sku="MUG").version == 6  # learnt, stocked, held 4 times


def test_low_stock_is_told_once_in_a_batch_that_crosses_the_threshold():
    stocked("MUG", 9, low_threshold=7)

    operations.reserve_stock(orders=[order(number, ("MUG", 1)) for number in range(4)])

    assert published("inventory.low_stock") == [{"sku": "MUG", "available": 7, "threshold": 7}]


def test_what_is_told_of_an_article_names_the_order_that_caused_it():
    stocked("MUG", 9, low_threshold=8)
    first, second = create(("MUG", 1)), create(("MUG", 1))

    drain()

    placed = dict(Event.objects.filter(name="orders.created").values_list("key", "event_id"))
    told = Event.objects.filter(name="inventory.stock_changed").latest("id")
    low = Event.objects.get(name="inventory.low_stock")
    assert told.headers["causation_id"] == str(placed[str(second)])
    assert low.headers["causation_id"] == str(placed[str(first)])


def test_a_retry_gets_what_the_failed_order_of_the_same_batch_holds():
    stocked("MUG", 1, low_threshold=0)
    before = len(published("inventory.stock_changed"))

    operations.reserve_stock(orders=[order(0, ("MUG", 1)), order(1, ("MUG", 1), retry_of=0)])

    assert statuses() == {0: "released", 1: "held"}
    assert numbers("MUG") == (1, 1)
    assert published("inventory.released") == [
        {"order_id": str(ORDERS[0]), "why": "orders.created", "restocked": False}
    ]
    assert len(published("inventory.reserved")) == 2
    assert published("inventory.stock_changed")[before:] == [
        {"sku": "MUG", "available": 0, "version": 3}
    ]
    assert len(published("inventory.low_stock")) == 1  # to let go and to take again is no crossing


def test_a_retry_before_its_failed_order_in_one_batch_leaves_a_tombstone():
    stocked("MUG", 1)

    operations.reserve_stock(orders=[order(1, ("MUG", 1), retry_of=0), order(0, ("MUG", 1))])

    assert statuses() == {0: "void", 1: "held"}
    assert numbers("MUG") == (1, 1)
    assert published("inventory.released") == []


def test_a_batch_of_ended_known_and_new_orders_holds_for_the_new_ones():
    stocked("MUG", 9)
    operations.release_holds(ended=[(ORDERS[0], "orders.failed")])
    operations.reserve_stock(orders=[order(1, ("MUG", 1))])
    reserved = len(published("inventory.reserved"))

    new = [order(number, ("MUG", 2)) for number in (0, 1, 2, 2)]
    operations.reserve_stock(orders=new)

    assert statuses() == {0: "void", 1: "held", 2: "held"}
    assert numbers("MUG") == (9, 3)
    assert len(published("inventory.reserved")) == reserved + 1


def test_an_order_without_lines_is_held_sold_and_given_back_like_any_other():
    operations.reserve_stock(orders=[order(0), order(1), order(2, retry_of=0)])
    operations.commit_holds(order_ids=[ORDERS[1]])
    operations.release_holds(ended=[(ORDERS[1], "orders.cancelled")])

    assert statuses() == {0: "released", 1: "restocked", 2: "held"}
    assert [fact["lines"] for fact in published("inventory.reserved")] == [[], [], []]


def test_a_batch_with_a_senseless_order_holds_nothing():
    stocked("MUG", 9)

    with pytest.raises(operations.BadQuantity, match="MUG: 0"):
        operations.reserve_stock(orders=[order(0, ("MUG", 1)), order(1, ("MUG", 0))])

    assert statuses() == {}
    assert numbers("MUG") == (9, 0)


def test_the_other_orders_of_a_run_are_held_when_one_is_senseless():
    stocked("MUG", 9)
    create(("MUG", 1), order=ORDERS[0])
    create(("MUG", 0), order=ORDERS[1])
    create(("MUG", 1), order=ORDERS[2])

    drain()

    assert statuses() == {0: "held", 2: "held"}
    assert [row.key for row in Parked.objects.all()] == [str(ORDERS[1])]


def test_a_batch_that_sells_what_is_not_held_sells_nothing():
    stocked("MUG", 9)
    operations.reserve_stock(orders=[order(0, ("MUG", 1))])

    with pytest.raises(operations.NotHeld, match=str(ORDERS[1])):
        operations.commit_holds(order_ids=ORDERS[:2])

    assert statuses() == {0: "held"}
    assert numbers("MUG") == (9, 1)
    assert not LedgerEntry.objects.filter(kind="sold").exists()


def test_a_payment_and_an_order_that_failed_in_one_batch_release_once():
    stocked("MUG", 9)
    operations.reserve_stock(orders=[order(0, ("MUG", 1)), order(1, ("MUG", 2))])
    operations.commit_holds(order_ids=[ORDERS[1]])

    operations.release_holds(
        ended=[
            (ORDERS[0], "payments.failed"),
            (ORDERS[1], "orders.cancelled"),
            (ORDERS[0], "orders.failed"),
            (ORDERS[2], "payments.failed"),
            (ORDERS[2], "orders.failed"),
        ]
    )

    assert statuses() == {0: "released", 1: "restocked", 2: "void"}
    assert dict(Hold.objects.values_list("order_id", "cause")) == {
        ORDERS[0]: "payments.failed",
        ORDERS[1]: "orders.cancelled",
        ORDERS[2]: "payments.failed",
    }
    assert [fact["restocked"] for fact in published("inventory.released")] == [False, True]
    assert numbers("MUG") == (9, 0)


def statements(act):
    """How many statements on inventory's own tables that takes."""
    with CaptureQueriesContext(connection) as captured:
        act()
    return sum("inventory_" in query["sql"] for query in captured)


@pytest.mark.parametrize("count", [1, 30])
def test_a_batch_takes_as_many_statements_as_one_order(count):
    for sku in SKUS:
        stocked(sku, 100)
    ids = [UUID(int=1000 + number) for number in range(count)]
    lines = order(0, *((sku, 1) for sku in SKUS)).lines
    orders = [SimpleNamespace(order_id=each, lines=lines, retry_of=None) for each in ids]
    ended = [(each, "orders.cancelled") for each in ids]

    # Lock the stock; claim; are there others' holds?; lines; stock.
    assert statements(lambda: operations.reserve_stock(orders=orders)) == 5
    # Look up lines; lock the stock, the holds; holds; ledger; stock.
    assert statements(lambda: operations.commit_holds(order_ids=ids)) == 6
    assert statements(lambda: operations.release_holds(ended=ended)) == 6


def test_events_of_all_kinds_in_one_read_come_to_the_right_end():
    stocked("MUG", 3)
    create(("MUG", 1), order=ORDERS[0])
    create(("MUG", 2), order=ORDERS[1])
    end("payments.failed", ORDERS[1])
    create(("MUG", 2), order=ORDERS[2], retry_of=ORDERS[1])
    end("orders.failed", ORDERS[1])
    end("orders.confirmed", ORDERS[0])
    end("orders.cancelled", ORDERS[0])

    drain()

    assert statuses() == {0: "restocked", 1: "released", 2: "held"}
    assert numbers("MUG") == (3, 2)
    assert not Parked.objects.exists()
