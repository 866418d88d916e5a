"""The demo shop with its past: what there is, that all of it holds, and that it comes once."""

from collections import Counter
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.utils import timezone

from apps.inventory.models import LedgerEntry
from apps.orders.models import Order
from apps.payments.models import Refund
from apps.products.models import Review
from apps.users.models import User
from eventbus.models import Event
from shop import demo
from shop.demo import Demo, is_left_unfinished
from shop.invariants import violations
from shop.models import UnfinishedPast
from shop.past import Past

STATUSES = {
    "CANCELLED": 9,
    "CONFIRMED": 5,
    "DELIVERED": 38,
    "FAILED": 13,
    "PENDING": 2,
    "SHIPPED": 6,
}


def fill(seed: int) -> None:
    for _, act in Demo(seed=seed).steps():
        act()


class Stopped(Exception):
    """As Ctrl-C, or a kill."""


def stop_at(monkeypatch: pytest.MonkeyPatch, orders: int) -> None:
    """Have the past end when so many have been placed and not yet been handled."""
    follow = Past._follow

    def stop(past: Past, *given: object) -> None:
        if Order.objects.count() == orders:
            raise Stopped
        follow(past, *given)

    monkeypatch.setattr(Past, "_follow", stop)


def empty() -> str:
    """Without taking the tests' own file away."""
    call_command("flush", verbosity=0, interactive=False)
    return "emptied"


def digest() -> list[tuple[str, str, str]]:
    """Each order's buyer, end and total, in the order of their times."""
    rows = Order.objects.order_by("placed_at", "email")
    return [(row.email, row.status, str(row.total)) for row in rows]


@pytest.mark.django_db(transaction=True)
def test_a_shop_with_a_past_in_every_state_that_comes_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """And whole, though it was interrupted at first."""
    monkeypatch.setattr(demo, "empty_database", empty)
    with monkeypatch.context() as patch:
        stop_at(patch, orders=9)
        with pytest.raises(Stopped):
            fill(seed=1)
    assert Order.objects.count() == 9
    before = timezone.now()
    fill(seed=1)
    assert not UnfinishedPast.objects.exists()
    assert Counter(Order.objects.values_list("status", flat=True)) == STATUSES
    assert set(Order.objects.exclude(failure_code="").values_list("failure_code", flat=True)) == {
        "out_of_stock",
        "payment_declined",
    }
    assert User.objects.count() == 2 + 20
    assert Refund.objects.filter(cause="staff", status="done").count() == 4
    assert set(Review.objects.values_list("status", flat=True)) == {
        "approved",
        "pending",
        "rejected",
    }
    assert Review.objects.filter(status="approved").count() >= 30
    waiting = Order.objects.filter(status="PENDING")
    names = [word for row in waiting for word in (row.number, str(row.pk), str(row.cart_id))]
    assert [each for each in violations() if not any(name in str(each) for name in names)] == []

    first = Order.objects.earliest("placed_at").placed_at
    assert before - timedelta(days=60) < first < before - timedelta(days=40)
    assert LedgerEntry.objects.earliest("at").at < first
    assert Review.objects.latest("written_at").written_at < timezone.now()
    assert Review.objects.earliest("written_at").written_at < before - timedelta(days=30)

    told, orders = Event.objects.count(), digest()
    fill(seed=1)
    assert (Event.objects.count(), digest()) == (told, orders)

    UnfinishedPast.objects.create(begun_at=before)
    assert is_left_unfinished()
    first = Order.objects.filter(pk=Order.objects.earliest("placed_at").pk)
    first.update(email="ada@example.org")
    assert not is_left_unfinished()  # hers would be gone with it


@pytest.mark.nightly
@pytest.mark.django_db(transaction=True)
def test_the_same_seed_has_the_same_past() -> None:
    pasts = []
    for seed in (7, 7, 8):
        call_command("flush", verbosity=0, interactive=False)
        fill(seed=seed)
        pasts.append(digest())
    assert pasts[0] == pasts[1] != pasts[2]
