"""Many shoppers, or one with many clicks, at the same moment."""

import threading
from typing import Any

import pytest
from django.db import connections

from apps.inventory.models import StockItem
from apps.notifications.models import Notification
from eventbus import worker
from eventbus.testing import drain
from shop.invariants import violations
from shop.tests.factories import ArticleFactory
from shop.tests.shopper import Shopper

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_same_quote_posted_at_once_makes_one_order() -> None:
    sku, ada = ArticleFactory(units=5), Shopper()
    ada.add(sku)
    quote, methods = ada.quote(), [ada.card() for _ in range(4)]
    answers = at_once(*[lambda method=method: ada.order(quote, method) for method in methods])
    assert sorted(answer.status for answer in answers) == [200, 200, 200, 201]
    assert len({answer.body["id"] for answer in answers}) == 1
    drain()
    assert violations() == []


def test_fifty_checkouts_for_ten_units_sell_exactly_ten() -> None:
    """While the bus works: fifty shoppers at once, each with a quote in hand."""
    sku = ArticleFactory(units=10)
    shoppers = [Shopper() for _ in range(50)]
    orders = []
    stop = threading.Event()
    bus = threading.Thread(target=worker.run, args=(stop,))
    bus.start()
    try:
        prepared = []
        for shopper in shoppers:
            shopper.add(sku)
            prepared.append((shopper, shopper.quote(), shopper.card()))
        answers = at_once(*[lambda p=p: p[0].order(p[1], p[2]) for p in prepared])
        orders = [answer.body["id"] for answer in answers]
    finally:
        stop.set()
        bus.join(30)
    drain()
    ended = [shopper.look(order) for shopper, order in zip(shoppers, orders, strict=True)]
    assert sum(order["status"] == "CONFIRMED" for order in ended) == 10
    failed = [order["failure"]["code"] for order in ended if order["status"] == "FAILED"]
    assert failed == ["out_of_stock"] * 40
    assert StockItem.objects.values_list("on_hand", "held").get(sku=sku) == (0, 0)
    assert Notification.objects.filter(kind="order_confirmed").count() == 10
    assert violations() == []


def at_once(*acts: Any) -> list[Any]:
    """The results of the acts, begun together in threads of their own."""
    results: list[Any] = [None] * len(acts)
    barrier = threading.Barrier(len(acts))

    def run(index: int) -> None:
        try:
            barrier.wait(30)
            results[index] = acts[index]()
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(index,)) for index in range(len(acts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results
