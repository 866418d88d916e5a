"""What becomes of a use of a coupon when its cart is ordered: whatever is heard first, or twice."""

from datetime import timedelta
from itertools import permutations
from uuid import uuid4

import pytest
from django.utils import timezone

from apps.cart import operations
from apps.cart.models import Cart, CouponUse
from apps.cart.tests.factories import (
    OWNER,
    CouponFactory,
    cart_of,
    ended,
    open_lines,
    placed,
    quote,
)
from eventbus.testing import drain, redeliver

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


@pytest.fixture
def cart():
    """It holds the only use of its coupon, by a quote."""
    CouponFactory(total_limit=1)
    cart = cart_of({"a": 1}, coupon="TEN")
    quote()
    return cart


def order(cart, **more):
    return placed(cart.pk, {"a": 1}, coupon="TEN", **more)


def state():
    return list(CouponUse.objects.values_list("status", "held_until"))


def minutes_left():
    """Of the one use; "used", or 0 when it is free."""
    use = CouponUse.objects.get()
    if use.status == "used":
        return "used"
    return max(round((use.held_until - timezone.now()) / MINUTE), 0)


def test_an_order_turns_the_hold_into_a_use_and_a_sale_keeps_it(cart):
    assert minutes_left() == 30  # the quote's fifteen and fifteen more
    sold = order(cart)
    drain()
    assert minutes_left() == "used"
    ended(sold, "confirmed")
    drain()
    assert minutes_left() == "used"
    assert Cart.objects.get().coupon == ""


@pytest.mark.parametrize(("how", "left"), [("failed", 30), ("cancelled", 0)])
def test_an_order_without_a_sale_gives_it_back(cart, how, left):
    """A failed one may be paid again, and finds the use held."""
    CouponUse.objects.update(held_until=timezone.now() + 20 * MINUTE)
    ended(order(cart), how)
    drain()
    assert minutes_left() == left
    assert quote().quote.coupon == "TEN"  # the only use, and it is still this cart's


def test_a_sale_that_is_cancelled_later_gives_it_back_too(cart):
    sold = order(cart)
    for how in ("confirmed", "cancelled"):
        ended(sold, how)
        drain()
    assert minutes_left() == 0


def test_paying_again_uses_it_again(cart):
    failed = order(cart)
    ended(failed, "failed")
    drain()
    paid = order(cart, retry_of=failed, placed_at=timezone.now() + MINUTE)
    drain()
    assert minutes_left() == "used"
    ended(paid, "failed")
    drain()
    assert minutes_left() == 30


@pytest.mark.parametrize("how", ["failed", "cancelled"])
def test_a_newer_quote_keeps_its_hold_when_an_older_ones_order_ends(cart, how):
    first = order(cart)
    Cart.objects.update(version=2)
    newer = quote().quote
    ended(first, how)
    drain()
    assert newer.cart_version == 2
    assert minutes_left() == 30


def test_a_second_delivery_changes_nothing(cart):
    sold = order(cart)
    drain()
    for how in ("failed", "confirmed"):
        ended(sold, how)
        drain()
        before = state()
        redeliver("orders.created", key=sold, subscriber="cart")
        redeliver(f"orders.{how}", key=sold, subscriber="cart")
        assert state() == before


HISTORY = [("one", "created"), ("one", "failed"), ("two", "created"), ("two", "end")]
ORDERS = [
    order
    for order in permutations(HISTORY)
    if order.index(HISTORY[0]) < order.index(HISTORY[1])
    and order.index(HISTORY[2]) < order.index(HISTORY[3])
]


@pytest.mark.parametrize("history", ORDERS)
@pytest.mark.parametrize(
    ("end", "left"), [("confirmed", "used"), ("failed", 30), ("cancelled", 30)]
)
def test_a_failed_order_and_its_retry_in_whatever_order_they_are_heard(cart, history, end, left):
    ids, start = {}, timezone.now()
    for who, what in history:
        if what == "created":
            at = start if who == "one" else start + MINUTE
            ids[who] = order(cart, placed_at=at)
        else:
            ended(ids[who], end if what == "end" else what)
        drain()
    assert minutes_left() == left
    assert CouponUse.objects.count() == 1


def test_an_order_that_is_heard_of_after_its_hold_is_gone_has_the_use_all_the_same(cart):
    CouponUse.objects.update(held_until=timezone.now() - MINUTE)
    other = cart_of({"a": 1}, owner="user:7", coupon="TEN")
    quote(owner="user:7")
    order(cart)
    drain()
    by_cart = dict(CouponUse.objects.values_list("cart_id", "status"))
    assert by_cart == {cart.pk: "used", other.pk: "held"}


@pytest.mark.parametrize("how", ["none", "failed and paid again"])
def test_whoever_signs_in_before_their_order_is_heard_of_has_used_it(cart, how):
    first = order(cart)
    operations.claim_carts(anonymous=OWNER, owner="user:7")
    drain()
    if how != "none":
        ended(first, "failed")
        drain()
        order(cart, retry_of=first)
        drain()
    assert list(CouponUse.objects.values_list("status", "owner")) == [("used", "user:7")]


def test_an_order_of_a_cart_that_is_unknown_here_counts(cart):
    placed(uuid4(), {"a": 1}, coupon="TEN", owner="user:7")
    drain()
    uses = CouponUse.objects.order_by("id").values_list("owner", "status")
    assert list(uses) == [(OWNER, "held"), ("user:7", "used")]


def test_an_order_with_a_coupon_that_is_unknown_here_is_an_order(cart):
    sold = placed(cart.pk, {"a": 1}, coupon="GONE")
    drain()
    assert open_lines() is None
    ended(sold, "failed")
    drain()
    assert open_lines() == {"a": 1}
    assert minutes_left() == 30  # what the quote holds, untouched


def test_the_cart_that_comes_back_has_the_coupon_that_was_ordered(cart):
    first = order(cart)
    Cart.objects.update(coupon="")  # taken out in another tab, after the quote
    ended(first, "failed")
    drain()
    assert Cart.objects.get().coupon == "TEN"


def test_an_order_without_a_coupon_leaves_the_hold_to_its_time(cart):
    ended(placed(cart.pk, {"a": 1}), "confirmed")
    drain()
    assert minutes_left() == 30
