import base64
from types import SimpleNamespace
from urllib.parse import quote, urlencode

import pytest
from rest_framework.test import APIClient

from apps.inventory.models import LedgerEntry, StockItem
from apps.inventory.tests.factories import create, end, numbers, stocked
from eventbus.testing import drain, published

pytestmark = pytest.mark.django_db

STOCK = "/api/v1/inventory/stock/"
ADJUSTMENTS = f"{STOCK}MUG/adjustments/"
HOLDS = "/api/v1/inventory/holds/"
LEDGER = "/api/v1/inventory/ledger/"


def client_of(**who):
    client = APIClient()
    client.force_authenticate(SimpleNamespace(pk=7, is_active=True, is_authenticated=True, **who))
    return client


@pytest.fixture
def staff():
    return client_of(is_staff=True)


@pytest.mark.parametrize("path", [STOCK, f"{STOCK}MUG/", ADJUSTMENTS, HOLDS, LEDGER])
@pytest.mark.parametrize(("client", "status"), [(APIClient(), 401), (None, 403)])
def test_only_staff_see_the_stock(path, client, status):
    stocked("MUG", 5)
    client = client or client_of(is_staff=False)

    assert client.get(path).status_code == status


@pytest.mark.parametrize(("client", "status"), [(APIClient(), 401), (None, 403)])
def test_only_staff_adjust_the_stock(client, status):
    stocked("MUG", 5)
    client = client or client_of(is_staff=False)

    answer = client.post(ADJUSTMENTS, {"delta": 1, "reason": "Mine"}, format="json")

    assert answer.status_code == status
    assert numbers("MUG") == (5, 0)


def test_the_list_comes_in_sku_order_and_in_pages(staff):
    for number in range(25):
        stocked(f"MUG-{number:02}", 1)

    first = staff.get(STOCK).json()
    second = staff.get(first["next"]).json()

    skus = [item["sku"] for item in first["results"] + second["results"]]
    assert skus == [f"MUG-{number:02}" for number in range(25)]
    assert len(first["results"]) == 20
    assert second["next"] is None


def test_an_article_shows_its_numbers(staff):
    stocked("MUG", 5, title="Mug, blue", low_threshold=3)
    create(("MUG", 2))
    drain()

    assert staff.get(f"{STOCK}MUG/").json() == {
        "sku": "MUG",
        "title": "Mug, blue",
        "active": True,
        "on_hand": 5,
        "held": 2,
        "available": 3,
        "low_threshold": 3,
    }


def test_an_adjustment_is_recorded_with_who_made_it(staff):
    stocked("MUG", 5)

    answer = staff.post(ADJUSTMENTS, {"delta": -2, "reason": " Broken "}, format="json")

    entry = LedgerEntry.objects.get(kind="adjusted")
    assert answer.status_code == 201
    assert answer.json() == {
        "id": str(entry.pk),
        "sku": "MUG",
        "delta": -2,
        "kind": "adjusted",
        "reason": "Broken",
        "order_id": None,
        "by": "user:7",
        "at": entry.at.isoformat().replace("+00:00", "Z"),
    }
    assert numbers("MUG") == (3, 0)
    assert published("inventory.stock_changed", key="MUG")[-1]["available"] == 3


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "delta"),
        ({"delta": 1}, "reason"),
        ({"delta": 1, "reason": ""}, "reason"),
        ({"delta": 1, "reason": "   "}, "reason"),
        ({"delta": 1, "reason": "x" * 201}, "reason"),
        ({"delta": 1, "reason": "a\x00b"}, "reason"),
        ({"delta": 1, "reason": {"a": 1}}, "reason"),
        ({"delta": 0, "reason": "Count"}, "delta"),
        ({"delta": True, "reason": "Count"}, "delta"),
        ({"delta": 1.0, "reason": "Count"}, "delta"),
        ({"delta": "1", "reason": "Count"}, "delta"),
        ({"delta": None, "reason": "Count"}, "delta"),
        ({"delta": 10**30, "reason": "Count"}, "delta"),
        ({"delta": -(10**30), "reason": "Count"}, "delta"),
    ],
)
def test_a_bad_adjustment_is_refused_and_changes_nothing(staff, body, field):
    stocked("MUG", 5)

    answer = staff.post(ADJUSTMENTS, body, format="json")

    assert answer.status_code == 400
    assert field in answer.json()["errors"]
    assert numbers("MUG") == (5, 0)
    assert LedgerEntry.objects.count() == 1


@pytest.mark.parametrize("body", ["[]", "3", '"x"', "null", "{"])
def test_a_body_that_is_no_object_is_refused(staff, body):
    stocked("MUG", 5)

    answer = staff.post(ADJUSTMENTS, body, content_type="application/json")

    assert answer.status_code == 400
    assert numbers("MUG") == (5, 0)


@pytest.mark.parametrize(
    ("delta", "code"), [(-4, "more_than_available"), (1_000_000_000, "too_many_units")]
)
def test_an_adjustment_that_the_stock_does_not_allow_is_a_conflict(staff, delta, code):
    stocked("MUG", 5)
    create(("MUG", 2))
    drain()

    answer = staff.post(ADJUSTMENTS, {"delta": delta, "reason": "Count"}, format="json")

    assert answer.status_code == 409
    assert answer.json()["code"] == code
    assert "5" in answer.json()["detail"]
    assert numbers("MUG") == (5, 2)


def test_the_ledger_shows_the_newest_first(staff):
    stocked("MUG", 5)
    stocked("BOWL", 5)
    order = create(("MUG", 2))
    end("orders.confirmed", order)
    drain()

    rows = staff.get(ADJUSTMENTS).json()["results"]

    assert [(row["delta"], row["kind"], row["order_id"]) for row in rows] == [
        (-2, "sold", str(order)),
        (5, "received", None),
    ]


@pytest.mark.parametrize("sku", ["LAMP", "a\x00b", "x" * 65, "ä ö", "'; --"])
def test_an_unknown_article_is_not_found(staff, sku):
    path = f"{STOCK}{quote(sku)}/"

    assert staff.get(path).status_code == 404
    assert staff.get(f"{path}adjustments/").status_code == 404
    body = {"delta": 1, "reason": "Count"}
    assert staff.post(f"{path}adjustments/", body, format="json").status_code == 404


@pytest.mark.parametrize(
    ("path", "position"),
    [(STOCK, "a\x00b"), (ADJUSTMENTS, "a\x00b"), (ADJUSTMENTS, "zzz"), (HOLDS, "z"), (LEDGER, "z")],
)
def test_a_forged_cursor_is_not_found(staff, path, position):
    stocked("MUG", 5)
    cursor = base64.b64encode(urlencode({"p": position}).encode()).decode()

    assert staff.get(path, {"cursor": cursor}).status_code == 404


@pytest.mark.parametrize(
    ("path", "method"),
    [
        *[(path, method) for path in (STOCK, ADJUSTMENTS) for method in ("put", "patch", "delete")],
        *[(f"{STOCK}MUG/", method) for method in ("put", "post", "delete")],
        *[(path, method) for path in (HOLDS, LEDGER) for method in ("post", "put", "delete")],
    ],
)
def test_stock_is_written_by_adjustments_only(staff, path, method):
    stocked("MUG", 5)

    answer = getattr(staff, method)(path, {"on_hand": 99}, format="json")

    assert answer.status_code == 405
    assert numbers("MUG") == (5, 0)


def test_the_threshold_of_an_article_can_be_moved(staff):
    stocked("MUG", 5)

    answer = staff.patch(f"{STOCK}MUG/", {"low_threshold": 9}, format="json")

    assert answer.status_code == 200
    assert answer.json()["low_threshold"] == 9
    assert numbers("MUG") == (5, 0)


@pytest.mark.parametrize(
    ("sku", "body", "status"),
    [
        ("MUG", {"on_hand": 99}, 400),
        ("MUG", {"low_threshold": -1}, 400),
        ("MUG", {"low_threshold": "9"}, 400),
        ("MUG", {"low_threshold": 10**10}, 400),
        ("LAMP", {"low_threshold": 9}, 404),
    ],
)
def test_a_threshold_that_cannot_be_is_refused(staff, sku, body, status):
    stocked("MUG", 5, low_threshold=3)

    answer = staff.patch(f"{STOCK}{sku}/", body, format="json")

    assert answer.status_code == status
    assert StockItem.objects.get().low_threshold == 3
