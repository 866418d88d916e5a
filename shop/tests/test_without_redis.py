"""Redis hangs, then dies, in the middle of a shopper's way: slower, but nothing lost, no error."""

import os
import re
import signal
from collections.abc import Iterator
from typing import Any

import pytest
import redis
from django.core.cache import cache
from django.test import Client

from eventbus.testing import drain
from shop.invariants import violations
from shop.settings import redis_cache
from shop.tests import servers
from shop.tests.factories import ArticleFactory
from shop.tests.shopper import Shopper

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.redis,
    pytest.mark.process,
]


@pytest.fixture
def own_redis(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """The process id of a server that only this test uses, as the shop's cache."""
    monkeypatch.delenv("TEST_REDIS_URL", raising=False)
    with servers.valkey() as url:
        settings.REDIS_URL = url
        settings.CACHES = {"default": redis_cache(url)}
        with redis.Redis.from_url(url) as client:
            pid = int(client.info("server")["process_id"])
        yield pid


def units(client: Client) -> int:
    """What the header of a page says."""
    response = client.get("/cart/header/")
    assert response.status_code == 200
    found = re.search(r'class="badge">(\d+)', response.content.decode())
    return int(found[1]) if found else 0


def test_a_shopper_buys_while_redis_hangs_and_dies(own_redis: int) -> None:
    sku, ada = ArticleFactory(units=9), Shopper()
    ada.add(sku)
    page = Client(headers={"Cart-Token": ada.headers["Cart-Token"]})
    assert units(page) == units(page) == 1
    assert cache.keys("cart:count:*")  # it is kept there

    os.kill(own_redis, signal.SIGSTOP)  # it takes connections and never answers
    ada.add(sku)
    assert units(page) == 2
    assert page.get("/cart/").status_code == 200
    tried = ada.ask("PUT", "cart/coupon/", {"code": "GUESS"})
    assert (tried.status, tried.body["code"]) == (422, "coupon_unknown")

    os.kill(own_redis, signal.SIGKILL)
    ada.add(sku)
    assert units(page) == 3
    assert ada.cart() == {sku: 3}
    order = ada.check_out()
    drain()
    assert ada.status(order) == "CONFIRMED"
    assert (units(page), ada.cart()) == (0, {})
    assert violations() == []


def test_redis_that_comes_back_knows_the_number_again(own_redis: int) -> None:
    sku, ada = ArticleFactory(units=9), Shopper()
    ada.add(sku)
    page = Client(headers={"Cart-Token": ada.headers["Cart-Token"]})
    assert units(page) == 1
    os.kill(own_redis, signal.SIGSTOP)
    assert units(page) == 1
    os.kill(own_redis, signal.SIGCONT)
    ada.add(sku)
    assert units(page) == 2
