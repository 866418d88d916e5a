import pytest
from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from apps.inventory import demo, operations, queries
from apps.inventory.models import AppendOnly, Hold, LedgerEntry, StockItem
from apps.inventory.operations.stock import MOST_UNITS
from apps.inventory.tests.factories import StockItemFactory, create, end, numbers, stocked
from eventbus.republishing import republish
from eventbus.testing import drain, published

pytestmark = pytest.mark.django_db


def adjust(delta, *, sku="MUG", reason="Stocktaking"):
    return operations.adjust_stock(sku=sku, delta=delta, reason=reason, by="user:1")


def rows_past_the_model(model):
    """All rows, by a plain queryset that has none of the model's guards."""
    return QuerySet(model)


@pytest.mark.parametrize(("delta", "kind"), [(7, "received"), (-2, "adjusted")])
def test_an_adjustment_changes_the_units_and_says_why(delta, kind):
    stocked("MUG", 5)

    entry = adjust(delta, reason=" Stocktaking ")

    assert numbers("MUG") == (5 + delta, 0)
    assert (entry.sku, entry.delta, entry.kind) == ("MUG", delta, kind)
    assert (entry.reason, entry.by, entry.order_id) == ("Stocktaking", "user:1", None)
    assert published("inventory.stock_changed", key="MUG")[-1] == {
        "sku": "MUG",
        "available": 5 + delta,
        "version": 3,
    }


@pytest.mark.parametrize(
    ("wrong", "error", "says"),
    [
        ({"delta": 0}, operations.NoChange, "at least one unit"),
        ({"delta": 1, "reason": "  "}, operations.NoReason, "needs a reason"),
        ({"delta": 1, "sku": "LAMP"}, operations.UnknownSku, "LAMP"),
        ({"delta": -4}, operations.MoreThanAvailable, "On hand: 5, held: 2, so at most 3"),
        ({"delta": MOST_UNITS}, operations.TooManyUnits, "on hand: 5"),
    ],
)
def test_a_refused_adjustment_changes_nothing(wrong, error, says):
    stocked("MUG", 5)
    create(("MUG", 2))
    drain()
    told = len(published("inventory.stock_changed"))

    with pytest.raises(error, match=says):
        adjust(**wrong)

    assert numbers("MUG") == (5, 2)
    assert LedgerEntry.objects.count() == 1
    assert len(published("inventory.stock_changed")) == told


@pytest.mark.parametrize("name", ["orders.confirmed", "orders.cancelled", "payments.failed"])
def test_an_order_can_end_after_staff_took_off_all_they_may(name):
    """A5: what is held stays on hand, so no end of the order can fail."""
    stocked("MUG", 5)
    order = create(("MUG", 2))
    drain()
    adjust(-3)
    assert numbers("MUG") == (2, 2)

    end(name, order)
    drain()

    assert numbers("MUG") == ((0, 0) if name == "orders.confirmed" else (2, 0))
    if name != "orders.confirmed":
        adjust(-2)
        assert numbers("MUG") == (0, 0)
    assert not queries.unbalanced_items().exists()


def test_staff_may_move_the_threshold():
    stocked("MUG", 5)

    operations.set_low_threshold(sku="MUG", threshold=9)

    assert StockItem.objects.get(sku="MUG").low_threshold == 9
    with pytest.raises(operations.UnknownSku):
        operations.set_low_threshold(sku="LAMP", threshold=9)


def test_a_raised_threshold_is_told_at_the_next_fall():
    stocked("MUG", 5, low_threshold=1)
    operations.set_low_threshold(sku="MUG", threshold=4)
    assert published("inventory.low_stock") == []

    adjust(-1)

    assert published("inventory.low_stock") == [{"sku": "MUG", "available": 4, "threshold": 4}]


@pytest.mark.parametrize("change", [{"held": 6}, {"on_hand": -1}, {"held": -1}])
def test_the_database_refuses_impossible_numbers(change):
    stocked("MUG", 5)

    with pytest.raises(IntegrityError), transaction.atomic():
        StockItem.objects.filter(sku="MUG").update(**change)

    assert numbers("MUG") == (5, 0)


def test_the_ledger_can_only_grow():
    stocked("MUG", 5)
    entry = LedgerEntry.objects.get()
    entry.delta = 6

    for change in (
        entry.save,
        entry.delete,
        LedgerEntry.objects.all().delete,
        lambda: LedgerEntry.objects.update(delta=6),
        lambda: LedgerEntry.objects.bulk_update([entry], ["delta"]),
    ):
        with pytest.raises(AppendOnly, match="append-only"), transaction.atomic():
            change()

    assert LedgerEntry.objects.get().delta == 5


def test_the_database_refuses_to_rewrite_the_ledger():
    stocked("MUG", 5)

    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        rows_past_the_model(LedgerEntry).update(delta=6)

    assert LedgerEntry.objects.get().delta == 5


@pytest.mark.engine("postgresql")
def test_the_database_refuses_to_delete_from_the_ledger():
    stocked("MUG", 5)

    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        rows_past_the_model(LedgerEntry).delete()

    assert LedgerEntry.objects.count() == 1


def test_an_order_is_sold_once_an_article_in_the_ledger():
    stocked("MUG", 5)
    order = create(("MUG", 2))
    end("orders.confirmed", order)
    drain()

    with pytest.raises(IntegrityError), transaction.atomic():
        LedgerEntry.objects.create(
            sku="MUG", delta=-2, kind="sold", reason="again", order_id=order, by="orders"
        )


@pytest.mark.parametrize(
    "row",
    [
        {"delta": 0, "kind": "received"},
        {"delta": -1, "kind": "sold"},  # without its order
        {"delta": -1, "kind": "received"},
        {"delta": 1, "kind": "adjusted"},
    ],
)
def test_the_database_refuses_a_meaningless_ledger_row(row):
    with pytest.raises(IntegrityError), transaction.atomic():
        LedgerEntry.objects.create(sku="MUG", reason="?", by="user:1", **row)


def test_the_demo_stocks_what_is_known_and_never_was_counted():
    stocked("MUG", 5)
    StockItemFactory(sku="BOWL")
    StockItemFactory(sku="VASE")
    first = {"MUG": 40, "BOWL": 12, "VASE": 0, "LAMP": 3}

    demo.load(first)
    demo.load(first)

    assert numbers("MUG") == (5, 0)
    assert numbers("BOWL") == (12, 0)
    assert numbers("VASE") == (0, 0)
    assert not StockItem.objects.filter(sku="LAMP").exists()
    assert [entry.reason for entry in queries.ledger(sku="BOWL")] == ["First stock"]


def test_rows_read_well():
    item = stocked("MUG", 5)
    order = create(("MUG", 2))
    drain()

    hold = Hold.objects.get()
    assert str(item) == "MUG"
    assert str(hold) == f"{order} (held)"
    assert str(hold.lines.get()) == "2 × MUG"
    assert str(LedgerEntry.objects.get()) == "+5 MUG (received)"


def test_levels_are_told_again_with_the_versions_they_have():
    stocked("MUG", 5)
    stocked("LAMP", 2)
    create(("MUG", 2))
    drain()
    before = published("inventory.stock_changed")
    assert republish("inventory.stock_changed", ["MUG", "NOTHING"]) == 1
    assert republish("inventory.stock_changed") == 2
    mug = {"sku": "MUG", "available": 3, "version": 3}
    told = published("inventory.stock_changed")[len(before) :]
    assert told == [mug, {"sku": "LAMP", "available": 2, "version": 2}, mug]
    assert numbers("MUG") == (5, 2)
