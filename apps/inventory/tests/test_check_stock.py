"""`manage.py check_stock`: the numbers against their history."""

import json
from io import StringIO

import pytest
from django.core.management import call_command

from apps.inventory import queries
from apps.inventory.models import Hold, HoldLine, StockItem
from apps.inventory.tests.factories import create, end, stocked
from eventbus.testing import drain

pytestmark = pytest.mark.django_db


def check_stock(*options):
    """(exit code, what it printed)."""
    out = StringIO()
    try:
        call_command("check_stock", *options, stdout=out)
    except SystemExit as exit_:
        return exit_.code, out.getvalue()
    return 0, out.getvalue()


def a_busy_shop():
    """Five mugs came, two were sold, one order was cancelled before and one after its sale; two
    are held. Returns the orders, in this order."""
    stocked("MUG", 9)
    stocked("BOWL", 0)
    orders = [create(("MUG", quantity)) for quantity in (2, 1, 1, 2)]
    drain()
    end("orders.confirmed", orders[0])
    end("orders.cancelled", orders[1])
    end("orders.confirmed", orders[2])
    drain()
    end("orders.cancelled", orders[2])
    drain()
    return orders


def test_what_adds_up_is_no_contradiction():
    a_busy_shop()

    assert list(queries.unbalanced_items()) == []
    assert check_stock() == (0, "2 articles checked, 0 contradictions.\n")
    assert check_stock("--json") == (0, "[]\n")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"on_hand": 6}, ["MUG: on_hand is 6, should be 7"]),
        ({"held": 1}, ["MUG: held is 1, should be 2"]),
        (
            {"on_hand": 9, "held": 0},
            ["MUG: on_hand is 9, should be 7", "MUG: held is 0, should be 2"],
        ),
    ],
)
def test_a_corrupted_article_is_named_with_what_it_should_be(change, says):
    a_busy_shop()
    StockItem.objects.filter(sku="MUG").update(**change)

    code, said = check_stock()

    assert code == 1
    assert said.splitlines()[:-1] == says


def test_a_sold_line_that_the_ledger_does_not_have_is_named():
    sold, _, restocked, _ = a_busy_shop()
    HoldLine.objects.filter(hold__order_id=sold).update(quantity=3)
    Hold.objects.filter(order_id=restocked).update(status="committed")
    cancelled = create(("MUG", 1))
    drain()
    Hold.objects.filter(order_id=cancelled).update(status="restocked")

    code, said = check_stock("--json")

    assert code == 1
    found = {(each["what"], each["order_id"]): each for each in json.loads(said)}
    assert set(found) == {
        ("held", None),
        ("sold", str(sold)),
        ("sold", str(cancelled)),
        ("restocked", str(cancelled)),
    }
    assert found["sold", str(sold)] == {
        "what": "sold",
        "sku": "MUG",
        "order_id": str(sold),
        "is_now": -2,
        "should_be": -3,
    }
