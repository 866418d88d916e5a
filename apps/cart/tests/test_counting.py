"""The number in the header: kept in front of the tables, never wrong for long, never another's.

The cache of these tests is the process's memory, taken for one that all share; what a real one that
dies does is tested with the whole shop.
"""

import pytest
from django.core.cache import cache
from django.db import transaction

from apps.cart import counting, operations, queries
from apps.cart.models import Cart, CartLine
from apps.cart.tests.factories import (
    OWNER,
    ArticleFactory,
    StockFactory,
    cart_of,
    ended,
    placed,
    quote,
)
from eventbus.testing import drain

pytestmark = pytest.mark.django_db(transaction=True)
USER = "user:7"


@pytest.fixture(autouse=True)
def _shared(settings):
    settings.REDIS_URL = "redis://shared"


def count(*owners):
    return queries.count(list(owners or [OWNER]))


def test_a_number_is_read_once(django_assert_num_queries):
    cart_of({"a": 3, "b": 1})
    for expected, owner in [(4, OWNER), (0, USER)]:
        with django_assert_num_queries(1):
            assert [count(owner), count(owner)] == [expected] * 2
    with django_assert_num_queries(0):
        assert count(OWNER, USER) == 4


def accept():
    StockFactory(sku="a", available=1)
    operations.accept_changes(owner=OWNER, changes_id=queries.contents(OWNER).changes_id)


def order(how):
    sold = placed(Cart.objects.get(owner=OWNER).pk, {"a": 2})
    drain()
    assert count() == 0
    ended(sold, how)
    drain()


def expire():
    cart = Cart.objects.get(owner=OWNER)
    operations.expire_cart(cart_id=cart.pk, changed_at=cart.changed_at)


@pytest.mark.parametrize(
    ("change", "left"),
    [
        (lambda: operations.add_line(owner=OWNER, sku="a", quantity=3), 5),
        (lambda: operations.set_quantity(owner=OWNER, sku="a", quantity=1), 1),
        (lambda: operations.remove_line(owner=OWNER, sku="a"), 0),
        (accept, 1),
        (lambda: order("confirmed"), 0),
        (lambda: order("failed"), 2),
        (lambda: transaction.atomic(expire)(), 0),
    ],
)
def test_every_change_is_seen_at_once(change, left):
    cart_of({"a": 2})
    assert count() == 2
    change()
    assert count() == left


def test_a_claimed_cart_is_counted_where_it_went():
    cart_of({"a": 2})
    cart_of({"a": 1}, owner=USER)
    assert (count(), count(USER)) == (2, 1)
    operations.claim_carts(anonymous=OWNER, owner=USER)
    assert (count(), count(USER), count(OWNER, USER)) == (0, 3, 3)


def test_a_number_that_was_read_before_a_change_is_not_believed_after_it(monkeypatch):
    """The slow reader: it has asked the tables, then the change commits, then it keeps its number."""
    cart_of({"a": 2})
    ask = queries._count

    def slowly(owner):
        read = ask(owner)
        monkeypatch.setattr(queries, "_count", ask)
        operations.add_line(owner=OWNER, sku="a", quantity=1)
        return read

    monkeypatch.setattr(queries, "_count", slowly)
    assert count() == 2
    assert count() == 3


def test_a_change_that_is_rolled_back_is_none():
    cart_of({"a": 2})
    assert count() == 2
    with transaction.atomic():
        operations.add_line(owner=OWNER, sku="a", quantity=1)
        assert count() == 3  # here it is true already
        transaction.set_rollback(True)
    assert count() == 2


def test_one_batch_of_changes_is_told_at_once(monkeypatch):
    told = []
    monkeypatch.setattr(cache, "delete_many", told.append, raising=False)
    ArticleFactory(sku="a")
    with transaction.atomic():
        for owner in (OWNER, USER):
            operations.add_line(owner=owner, sku="a", quantity=1)
        assert told == []
    assert [sorted(keys) for keys in told] == [[f"cart:stamp:{OWNER}", f"cart:stamp:{USER}"]]


@pytest.mark.parametrize("lost", ["stamp", "count"])
def test_what_the_cache_has_lost_is_read_anew(lost):
    cart_of({"a": 2})
    count()
    CartLine.objects.update(quantity=9)  # behind its back
    assert count() == 2
    cache.delete(f"cart:{lost}:{OWNER}")
    assert count() == 9


def test_a_cache_that_is_wrong_sells_nothing():
    cart_of({"a": 2})
    count()
    CartLine.objects.update(quantity=9)
    assert count() == 2
    assert queries.contents(OWNER).count == 9
    assert quote().quote.lines[0].quantity == 9


def test_without_a_cache_that_all_share_the_tables_are_asked(settings, django_assert_num_queries):
    settings.REDIS_URL = ""
    cart_of({"a": 2})
    with django_assert_num_queries(2):
        assert [count(), count()] == [2, 2]
    assert cache.get(f"cart:count:{OWNER}") is None
    assert counting.SECONDS == 300
