"""Redis hangs, then dies, in the middle of a shopper's way: slower, but nothing lost, no error."""

import os
import re
import signal
import time
from collections.abc import Iterator
from typing import Any

import pytest
import redis
from django.contrib.auth import get_user_model
from django.core.cache import cache
from django.test import Client
from rest_framework.throttling import SimpleRateThrottle

from eventbus.testing import drain
from shop.cache import Counters, GuardedPool
from shop.invariants import violations
from shop.settings import redis_cache
from shop.tests import servers
from shop.tests.factories import ArticleFactory
from shop.tests.shopper import Shopper

PASSWORD = "correct horse battery"
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


@pytest.fixture
def timeouts(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """One entry for each wait in vain."""
    waited: list[str] = []
    read = redis.Connection.read_response

    def counted(connection: redis.Connection, *args: Any, **options: Any) -> Any:
        try:
            return read(connection, *args, **options)
        except redis.TimeoutError:
            waited.append("read")
            raise

    monkeypatch.setattr(redis.Connection, "read_response", counted)
    return waited


PAGES = ("/products/", "/cart/", "/cart/header/", "/users/login/", "/admin/login/", "/orders/")


def test_a_walk_through_the_pages_waits_once_for_a_redis_that_hangs(
    own_redis: int, timeouts: list[str], monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    monkeypatch.setattr("shop.cache.REST", 3_600)
    sku = ArticleFactory(units=9)
    user = get_user_model().objects.create_user(email="ada@example.com", password=PASSWORD)
    page = Client(enforce_csrf_checks=True)
    page.force_login(user)
    os.kill(own_redis, signal.SIGSTOP)
    for address in PAGES:
        assert page.get(address).status_code in {200, 302}, address
    token = re.search(r'csrfmiddlewaretoken" value="(\w+)', page.get("/cart/").content.decode())
    token = token or re.search(
        r'csrfmiddlewaretoken" value="(\w+)', page.get("/users/me/").content.decode()
    )
    assert token
    left = page.post("/users/logout/", {"csrfmiddlewaretoken": token[1]})
    assert left.status_code == 302
    ada = Shopper()
    ada.add(sku)
    assert ada.cart() == {sku: 1}
    assert timeouts == ["read"]


def test_redis_is_asked_again_after_its_rest(
    own_redis: int, timeouts: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [1_000.0]
    monkeypatch.setattr("shop.cache.monotonic", lambda: now[0])
    cache.set("a", 1)
    os.kill(own_redis, signal.SIGSTOP)
    assert [cache.get("a") for _ in range(9)] == [None] * 9
    assert len(timeouts) == 1
    os.kill(own_redis, signal.SIGCONT)
    now[0] += 4.9
    assert cache.get("a") is None
    now[0] += 0.2
    assert cache.get("a") == 1
    assert len(timeouts) == 1


def test_whatever_the_socket_a_connection_is_guarded() -> None:
    for url in ("redis://127.0.0.1:1/0", "rediss://127.0.0.1:1/0", "unix:///nowhere"):
        pool = GuardedPool.from_url(url)
        with pytest.raises(redis.ConnectionError):
            pool.make_connection().connect()
        assert pool.left_alone_until > time.monotonic()
        with pytest.raises(redis.ConnectionError, match="left alone"):
            pool.make_connection().connect()


def test_the_limit_of_tries_holds_while_redis_is_gone(
    own_redis: int, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SimpleRateThrottle, "cache", Counters())
    rates = SimpleRateThrottle.THROTTLE_RATES | {"sign-in": "4/hour"}
    monkeypatch.setattr(SimpleRateThrottle, "THROTTLE_RATES", rates)

    def tries(times: int) -> list[int]:
        guess = {"email": "ada@example.com", "password": "guess"}
        ask = [Shopper().ask("POST", "users/token/", guess) for _ in range(times)]
        return [answer.status for answer in ask]

    assert tries(2) == [401] * 2
    os.kill(own_redis, signal.SIGKILL)
    assert tries(3) == [401, 401, 429]  # those of before count
