"""An adjustment that is sent again, because its answer got lost."""

import pytest

from apps.inventory.models import AdjustmentKey, LedgerEntry
from apps.inventory.tests.factories import numbers, stocked
from apps.inventory.tests.test_api import ADJUSTMENTS, STOCK, client_of
from eventbus.testing import published

pytestmark = pytest.mark.django_db
FIVE_MORE = {"delta": 5, "reason": "Delivery 8"}


@pytest.fixture
def staff():
    return client_of(is_staff=True)


def send(client, body, key, path=ADJUSTMENTS):
    return client.post(path, body, format="json", headers={"Idempotency-Key": key})


def test_the_same_again_gets_the_same_answer_and_moves_nothing(staff):
    stocked("MUG", 5)
    first = send(staff, FIVE_MORE, "a")
    told = published("inventory.stock_changed", key="MUG")

    again = send(staff, {"reason": " Delivery 8", "delta": 5}, "a")

    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    assert "Idempotent-Replayed" not in first.headers
    assert again.headers["Idempotent-Replayed"] == "true"
    assert numbers("MUG") == (10, 0)
    assert published("inventory.stock_changed", key="MUG") == told


def test_the_same_again_is_answered_even_when_the_stock_would_not_allow_it_now(staff):
    stocked("MUG", 5)
    broken = {"delta": -5, "reason": "Broken"}
    first = send(staff, broken, "a")

    again = send(staff, broken, "a")

    assert again.json() == first.json()
    assert numbers("MUG") == (0, 0)


@pytest.mark.parametrize(
    "other", [{"delta": 6, "reason": "Delivery 8"}, {"delta": 5, "reason": "Delivery 9"}]
)
def test_another_adjustment_under_the_same_key_is_refused(staff, other):
    stocked("MUG", 5)
    send(staff, FIVE_MORE, "a")

    answer = send(staff, other, "a")

    assert answer.status_code == 422
    assert answer.json()["code"] == "idempotency_key_reused"
    assert numbers("MUG") == (10, 0)
    assert LedgerEntry.objects.filter(sku="MUG").count() == 2


def test_another_key_article_or_person_is_another_adjustment(staff):
    stocked("MUG", 5)
    stocked("BOWL", 5)
    colleague = client_of(is_staff=True)
    colleague.handler._force_user.pk = 8
    send(staff, FIVE_MORE, "a")

    answers = [
        send(staff, FIVE_MORE, "b"),
        send(staff, FIVE_MORE, "a", f"{STOCK}BOWL/adjustments/"),
        send(colleague, FIVE_MORE, "a"),
    ]

    assert [answer.status_code for answer in answers] == [201, 201, 201]
    assert [answer for answer in answers if "Idempotent-Replayed" in answer.headers] == []
    assert (numbers("MUG"), numbers("BOWL")) == ((20, 0), (10, 0))


def test_what_was_refused_may_be_tried_again_with_its_key(staff):
    stocked("MUG", 5)
    broken = {"delta": -8, "reason": "Broken"}

    refused = send(staff, broken, "a")
    send(staff, FIVE_MORE, "b")
    taken = send(staff, broken, "a")

    assert (refused.status_code, taken.status_code) == (409, 201)
    assert numbers("MUG") == (2, 0)


@pytest.mark.parametrize("key", ["", "x" * 256, "a\tb", "é"])
def test_a_key_that_is_none_is_refused(staff, key):
    stocked("MUG", 5)

    answer = send(staff, FIVE_MORE, key)

    assert answer.status_code == 400
    assert answer.json()["code"] == "idempotency_key_missing"
    assert numbers("MUG") == (5, 0)
    assert not AdjustmentKey.objects.exists()
