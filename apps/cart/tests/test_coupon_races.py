"""However many ask at once: a coupon is held exactly as often as it may be used."""

from threading import Barrier, Thread

import pytest
from django.db import connection

from apps.cart import operations
from apps.cart.models import CouponUse
from apps.cart.tests.factories import (
    OWNER,
    ArticleFactory,
    CouponFactory,
    cart_of,
    placed,
    quote,
)
from eventbus.testing import drain

pytestmark = pytest.mark.django_db(transaction=True)
MANY = 20


def at_once(*acts):
    """Run the functions in threads that start together; what each returned or raised."""
    barrier, results = Barrier(len(acts)), [None] * len(acts)

    def run(place, act):
        try:
            barrier.wait(30)
            results[place] = act()
        except Exception as error:
            results[place] = error
        finally:
            connection.close()

    threads = [Thread(target=run, args=item) for item in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def tally(results):
    """How many got the coupon, and why the others did not."""
    refused = [str(r.code) for r in results if isinstance(r, operations.CouponRefused)]
    made = [r for r in results if isinstance(r, operations.SignedQuote)]
    assert len(refused) + len(made) == len(results), results
    return len(made), sorted(set(refused))


@pytest.mark.parametrize("left", [1, 7])
def test_twenty_carts_at_once_hold_exactly_what_is_left(left):
    CouponFactory(total_limit=left)
    ArticleFactory(sku="a")
    owners = [f"user:{n}" for n in range(MANY)]
    for owner in owners:
        cart_of({"a": 1}, owner=owner, coupon="TEN")
    results = at_once(*[lambda owner=owner: quote(owner=owner) for owner in owners])
    assert tally(results) == (left, ["coupon_used_up"])
    assert CouponUse.objects.filter(status="held").count() == left


def test_twenty_quotes_of_one_cart_hold_one_use():
    CouponFactory(total_limit=1, customer_limit=1)
    cart_of({"a": 1}, coupon="TEN")
    assert tally(at_once(*[quote] * MANY)) == (MANY, [])
    assert CouponUse.objects.count() == 1


def test_a_quote_while_the_cart_is_being_ordered_gives_nobody_a_second_use():
    CouponFactory(total_limit=1)
    cart = cart_of({"a": 1}, coupon="TEN")
    cart_of({"a": 1}, owner="user:7", coupon="TEN")
    quote()
    placed(cart.pk, {"a": 1}, coupon="TEN")
    others = [lambda: quote(owner="user:7")] * 4
    results = at_once(drain, *others)
    assert tally(results[1:]) == (0, ["coupon_used_up"])
    assert list(CouponUse.objects.values_list("owner", "status")) == [(OWNER, "used")]
