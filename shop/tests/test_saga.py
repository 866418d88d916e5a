"""An order goes its way by events alone: every path of the saga, through the API, on the real
tables of all contexts, with whatever the bus does not promise about order shuffled by seed."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core import mail
from django.utils import timezone

from apps.inventory.models import StockItem
from apps.orders.models import Order
from apps.payments import gateway
from apps.payments.models import GatewayCharge, GatewayRefund
from eventbus import worker
from eventbus.models import Event
from eventbus.testing import drain
from shop.invariants import violations
from shop.tests.cards import NO_FUNDS, SILENT_THEN_PAID
from shop.tests.factories import ArticleFactory
from shop.tests.shopper import Shopper

pytestmark = pytest.mark.django_db(transaction=True)
SEEDS = range(3)


def units(sku: str) -> tuple[int, int]:
    """(on hand, held)"""
    return StockItem.objects.values_list("on_hand", "held").get(sku=sku)


def history(order_id: str) -> list[str]:
    return list(Event.objects.filter(key=order_id).order_by("id").values_list("name", flat=True))


def subjects() -> list[str]:
    return [message.subject.partition(" HP-")[0] for message in mail.outbox]


@pytest.mark.parametrize("seed", SEEDS)
def test_an_order_is_confirmed_by_events_alone(seed: int) -> None:
    sku, ada = ArticleFactory(units=3), Shopper()
    order = ada.buy(sku, 2)
    assert ada.status(order) == "PENDING"
    assert units(sku) == (3, 0)
    drain(seed=seed)
    assert ada.status(order) == "CONFIRMED"
    assert units(sku) == (1, 0)
    assert ada.cart() == {}
    assert history(order) == [
        "orders.created",
        "inventory.reserved",
        "payments.requested",
        "payments.processed",
        "orders.confirmed",
        "notifications.requested",
        "notifications.sent",
    ]
    [message] = mail.outbox
    assert message.to == ["ada@example.com"]
    assert violations() == []


def test_the_timeline_tells_each_step_in_words() -> None:
    ada = Shopper()
    order = ada.buy(ArticleFactory())
    first = ada.get(f"orders/{order}/timeline/")["steps"][0]
    assert (first["text"], first["state"]) == ("Order placed", "done")
    drain()
    steps = ada.get(f"orders/{order}/timeline/")["steps"]
    assert [step["text"] for step in steps] == [
        "Order placed",
        "Stock reserved",
        "Payment received (Visa •••• 4242)",
        "Order confirmed",
        "Confirmation mail sent",
    ]
    assert {step["state"] for step in steps} == {"done"}


@pytest.mark.parametrize("seed", SEEDS)
def test_a_declined_card_fails_the_order_and_another_pays_it_with_the_last_unit(seed: int) -> None:
    sku, ada = ArticleFactory(units=1), Shopper()
    declined = ada.buy(sku, card=NO_FUNDS)
    drain(seed=seed)
    seen = ada.look(declined)
    assert seen["status"] == "FAILED"
    assert seen["failure"]["decline_code"] == "insufficient_funds"
    assert units(sku) == (1, 0)
    assert ada.cart() == {sku: 1}
    assert violations() == []

    paid = ada.retry(declined)
    drain(seed=seed)
    assert (ada.status(declined), ada.status(paid)) == ("FAILED", "CONFIRMED")
    assert units(sku) == (0, 0)
    assert ada.cart() == {}
    assert violations() == []


@pytest.mark.parametrize("seed", SEEDS)
def test_a_retry_at_once_is_not_starved_by_its_own_dead_hold(seed: int) -> None:
    """Paid again before anything of the failure has reached the stock."""
    sku, ada = ArticleFactory(units=1), Shopper()
    declined = ada.buy(sku, card=NO_FUNDS)
    while ada.status(declined) == "PENDING":
        worker.Worker().step()
        worker.Caller().step()
    paid = ada.retry(declined)
    drain(seed=seed)
    assert ada.status(paid) == "CONFIRMED"
    assert violations() == []


@pytest.mark.parametrize("seed", SEEDS)
def test_short_stock_fails_the_order_naming_the_line_and_charges_nothing(seed: int) -> None:
    sku = ArticleFactory(units=2)
    ada, ben = Shopper(), Shopper()
    ada.add(sku, 2)
    ben.add(sku, 2)  # both fit now
    first, second = ada.check_out(), ben.check_out()
    drain(seed=seed)
    failed = next(look for s, o in ((ada, first), (ben, second))
                  if (look := s.look(o))["status"] == "FAILED")  # fmt: skip
    assert failed["failure"]["code"] == "out_of_stock"
    [line] = failed["failure"]["missing"]
    assert (line["sku"], line["wanted"], line["available"]) == (sku, 2, 0)
    assert GatewayCharge.objects.count() == 1
    assert units(sku) == (0, 0)
    assert violations() == []


def test_two_lines_of_an_article_count_together() -> None:
    sku, ada = ArticleFactory(units=5), Shopper()
    ada.add(sku, 3)
    ada.add(sku, 2)
    assert ada.cart() == {sku: 5}
    order = ada.check_out()
    drain()
    assert ada.status(order) == "CONFIRMED"
    assert units(sku) == (0, 0)


@pytest.mark.parametrize(
    ("steps", "seed"),
    [(0, 0), *[(steps, seed) for steps in (1, 2, 3, 4) for seed in range(4)], (6, 0), (40, 0)],
)
def test_a_cancel_at_any_moment_gives_everything_back_once(steps: int, seed: int) -> None:
    """Before, while and after paying: `steps` rounds of work lie between order and cancel."""
    sku, ada = ArticleFactory(units=4), Shopper()
    order = ada.buy(sku, 2)
    for _ in range(steps):
        worker.Worker().step()
        worker.Caller().step()
    assert ada.cancel(order).status == 200
    drain(seed=seed)
    assert ada.status(order) == "CANCELLED"
    assert units(sku) == (4, 0)
    captured = GatewayCharge.objects.filter(status="captured").count()
    assert GatewayRefund.objects.count() == captured
    assert Decimal(ada.look(order)["refunded"]) == captured * Decimal(ada.look(order)["total"])
    assert ada.cart() == ({} if "orders.confirmed" in history(order) else {sku: 2})
    assert violations() == []
    assert ada.cancel(order).status == 409
    drain(seed=seed)
    assert violations() == []


def test_a_cancel_during_the_charge_refunds_what_arrives(monkeypatch: Any) -> None:
    sku, ada = ArticleFactory(units=1), Shopper()
    order = ada.buy(sku)
    charge = gateway.MockGateway.charge

    def cancel_meanwhile(self: Any, *args: Any, **kwargs: Any) -> Any:
        answer = charge(self, *args, **kwargs)
        assert ada.cancel(order).status == 200
        return answer

    monkeypatch.setattr(gateway.MockGateway, "charge", cancel_meanwhile)
    drain()
    assert ada.status(order) == "CANCELLED"
    assert violations() == []
    assert GatewayRefund.objects.count() == 1
    assert units(sku) == (1, 0)
    assert violations() == []


def test_an_order_that_is_not_paid_in_time_is_cancelled_and_late_money_returned(
    settings: Any,
) -> None:
    """Its stock is held while the gateway is silent; the time runs out; the gateway comes back."""
    settings.GATEWAY_WEBHOOK_SECONDS = 45 * 60
    sku, ada = ArticleFactory(units=1), Shopper()
    order = ada.buy(sku, card=SILENT_THEN_PAID)
    drain()
    assert (ada.status(order), units(sku)) == ("PENDING", (1, 1))
    drain(now=timezone.now() + timedelta(minutes=29))
    assert ada.status(order) == "PENDING"
    drain(now=timezone.now() + timedelta(minutes=31))
    assert (ada.status(order), units(sku)) == ("CANCELLED", (1, 0))
    drain(now=timezone.now() + timedelta(minutes=60))
    assert (GatewayCharge.objects.count(), GatewayRefund.objects.count()) == (1, 1)
    assert ada.status(order) == "CANCELLED"
    assert ada.cart() == {sku: 1}
    assert violations() == []


def test_the_same_quote_makes_one_order_ever() -> None:
    sku, ada = ArticleFactory(units=5), Shopper()
    ada.add(sku)
    quote, method = ada.quote(), ada.card()
    first = ada.order(quote, method)
    again = ada.order(quote, ada.card())
    assert (first.status, again.status) == (201, 200)
    assert again.body["id"] == first.body["id"]
    drain()
    after = ada.order(quote, ada.card())
    assert (after.status, after.body["status"]) == (200, "CONFIRMED")
    assert Order.objects.count() == 1
    assert GatewayCharge.objects.count() == 1
    assert violations() == []


def test_the_same_key_is_answered_the_same() -> None:
    sku, ada = ArticleFactory(), Shopper()
    ada.add(sku)
    quote, method = ada.quote(), ada.card()
    first = ada.order(quote, method, key="k1")
    again = ada.order(quote, method, key="k1")
    other = ada.order(quote, "pm_other", key="k1")
    assert (first.status, again.status, other.status) == (201, 201, 422)
    assert again.headers["idempotent-replayed"] == "true"
    assert again.body == first.body
    drain()
    assert ada.status(first.body["id"]) == "CONFIRMED"
    assert GatewayCharge.objects.count() == 1


@pytest.mark.parametrize("card", ["4242424242424242", NO_FUNDS])
def test_a_line_added_in_another_tab_is_not_lost(card: str) -> None:
    sku, other, ada = ArticleFactory(), ArticleFactory(), Shopper()
    ada.add(sku)
    quote, method = ada.quote(), ada.card(card)
    ada.add(other)  # another tab, between quote and order
    order = ada.order(quote, method).body["id"]
    drain()
    paid = ada.status(order) == "CONFIRMED"
    assert ada.cart() == ({other: 1} if paid else {sku: 1, other: 1})
    assert violations() == []


def test_a_line_added_while_the_order_is_paid_is_not_lost() -> None:
    sku, other, ada = ArticleFactory(), ArticleFactory(), Shopper()
    order = ada.buy(sku)
    worker.Worker().step()
    ada.add(other)
    drain()
    assert ada.status(order) == "CONFIRMED"
    assert ada.cart() == {other: 1}
