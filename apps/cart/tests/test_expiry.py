"""Carts that nobody comes back to go; the clock is the bus's, and is moved."""

from datetime import timedelta

import pytest
from django.utils import timezone

from apps.cart import operations
from apps.cart.models import Cart, CartLine, CartOrder, CouponUse
from apps.cart.tests.factories import (
    OWNER,
    ArticleFactory,
    CouponFactory,
    ended,
    lines_of,
    open_lines,
    placed,
    quote,
)
from eventbus.models import Scheduled
from eventbus.testing import drain

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
USER = "user:7"


@pytest.fixture(autouse=True)
def _articles():
    for sku in "ab":
        ArticleFactory(sku=sku)


def fill(owner=OWNER, *, sku="a"):
    operations.add_line(owner=owner, sku=sku, quantity=1)
    return Cart.objects.get(owner=owner, status="open")


def after(days):
    """Let the bus do what is due by then."""
    drain(now=timezone.now() + days * DAY)


@pytest.mark.parametrize(("owner", "days"), [(OWNER, 30), (USER, 90)])
def test_a_cart_goes_so_many_days_after_its_last_change(owner, days):
    fill(owner)
    after(days - 1)
    assert open_lines(owner) == {"a": 1}
    after(days)
    assert not Cart.objects.exists()
    assert not CartLine.objects.exists()
    assert not Scheduled.objects.exists()


def test_a_change_puts_it_off_and_schedules_no_second_event():
    cart = fill()
    Cart.objects.filter(pk=cart.pk).update(changed_at=timezone.now() + 5 * DAY)
    after(31)
    assert open_lines() == {"a": 1}
    assert Scheduled.objects.count() == 1
    after(36)
    assert not Cart.objects.exists()


def test_each_cart_is_watched_once_however_often_it_is_changed():
    for _ in range(3):
        fill()
    fill(USER)
    assert Scheduled.objects.filter(name="cart.expired").count() == 2


def test_a_cart_that_is_being_ordered_stays_until_that_has_ended():
    cart = fill()
    order = placed(cart.pk, {"a": 1})
    drain()
    after(100)
    assert lines_of(Cart.objects.get()) == {"a": 1}
    ended(order, "failed")
    drain()
    after(31)
    assert open_lines() == {"a": 1}
    after(200)
    assert not Cart.objects.exists()
    assert not CartOrder.objects.exists()


def test_the_cart_of_an_order_that_lasts_is_not_taken_for_untouched():
    """Heard of in whatever order: an open cart with a live order is being ordered."""
    cart = fill()
    placed(cart.pk, {"a": 1})
    drain()
    Cart.objects.update(status="open")
    after(31)
    assert Cart.objects.count() == 1


def test_a_claimed_cart_lives_as_long_as_a_users():
    fill()
    operations.claim_carts(anonymous=OWNER, owner=USER)
    after(31)
    assert open_lines(USER) == {"a": 1}
    after(91)
    assert not Cart.objects.exists()


def test_a_sold_cart_goes_and_the_use_of_its_coupon_stays():
    CouponFactory()
    cart = fill()
    operations.apply_coupon(owner=OWNER, code="TEN")
    version = quote().quote.cart_version
    order = placed(cart.pk, {"a": 1}, coupon="TEN", version=version)
    ended(order, "confirmed")
    after(31)
    assert not Cart.objects.exists()
    assert CouponUse.objects.get().status == "used"
    ended(order, "cancelled")
    drain()
    assert CouponUse.objects.get().status == "held"


def test_what_was_only_held_goes_with_the_cart():
    CouponFactory()
    fill()
    operations.apply_coupon(owner=OWNER, code="TEN")
    quote()
    CouponUse.objects.update(held_until=timezone.now() - DAY)
    after(31)
    assert not CouponUse.objects.exists()


def test_a_second_delivery_of_the_end_changes_nothing():
    cart = fill()
    changed_at = Cart.objects.get().changed_at
    for _ in range(2):
        operations.expire_cart(cart_id=cart.pk, changed_at=changed_at)
    assert not Cart.objects.exists()
    new = fill()
    operations.expire_cart(cart_id=cart.pk, changed_at=changed_at)
    assert Cart.objects.get() == new


def test_a_shopper_whose_cart_went_begins_a_new_one():
    old = fill()
    after(31)
    new = fill(sku="b")
    assert (open_lines(), new.pk == old.pk) == ({"b": 1}, False)
    order = placed(old.pk, {"a": 1})  # of an offer made before: the cart is unknown now
    ended(order, "failed")
    drain()
    assert open_lines() == {"b": 1}
