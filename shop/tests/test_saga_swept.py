"""An order that everybody has forgotten is found, and all that it holds goes back."""

from datetime import timedelta

import pytest
from django.utils import timezone

from apps.inventory.models import StockItem
from apps.orders.models import Order
from apps.orders.operations import sweeping
from apps.orders.queries import STUCK_AFTER
from eventbus.models import Scheduled
from eventbus.registry import subscribers
from eventbus.testing import drain, published
from shop.invariants import violations
from shop.tests.factories import ArticleFactory
from shop.tests.shopper import Shopper

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("seed", range(3))
def test_a_stuck_order_gives_its_stock_back_and_its_cart(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Payments is down, and the order's deadline was lost."""
    monkeypatch.setattr(sweeping, "_planned", set())  # as in a process that has just begun
    sku, ada = ArticleFactory(units=1), Shopper()
    with monkeypatch.context() as patch:
        patch.delitem(subscribers, "payments")
        order = ada.buy(sku)
        drain(seed=seed)
        assert StockItem.objects.values_list("on_hand", "held").get(sku=sku) == (1, 1)
        Scheduled.objects.filter(name="orders.payment_due").delete()
        overdue = timezone.now() - STUCK_AFTER - timedelta(seconds=1)
        Order.objects.update(pay_before=overdue)
        drain(seed=seed, now=Scheduled.objects.get(name="orders.sweep_due").due_at)
    assert ada.status(order) == "CANCELLED"
    assert StockItem.objects.values_list("on_hand", "held").get(sku=sku) == (1, 0)
    assert ada.cart() == {sku: 1}
    drain(seed=seed)  # payments is back
    assert published("payments.processed") == []
    assert [one["by"] for one in published("orders.cancelled")] == ["timeout"]
    assert violations() == []
