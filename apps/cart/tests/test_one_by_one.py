"""A batch of orders comes to the same as its orders one by one, and costs no more than a few."""

import re
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal
from types import SimpleNamespace
from uuid import UUID

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.cart import operations
from apps.cart.models import Cart, CartLine, CartOrder, Coupon, CouponUse
from apps.cart.tests.factories import CouponFactory, cart_of, lines_of
from eventbus.models import Scheduled

pytestmark = pytest.mark.django_db

NOW = timezone.now()
ORDERS = [UUID(int=number) for number in range(1, 9)]
CARTS = [UUID(int=number) for number in range(11, 16)]  # the last is unknown here
OWNERS = ("cart:ann", "cart:bob")
SKUS = ("BOWL", "LAMP", "MUG")
FREE = "SAVEPOINT|eventbus_"

numbered = st.integers(0, len(ORDERS) - 1)
baskets = st.dictionaries(st.sampled_from(SKUS), st.integers(1, 60), min_size=1)
endings = st.sampled_from(["confirmed", "failed", "cancelled"])
placing = st.tuples(
    numbered,
    st.integers(0, len(CARTS) - 1),
    st.integers(0, 3),  # minutes after NOW
    baskets,
    st.sampled_from(["", "", "TEN", "FIVE", "GONE"]),
)
batches = st.lists(
    st.one_of(
        st.tuples(
            st.just("record"),
            st.lists(placing, min_size=1, max_size=5, unique_by=lambda drawn: drawn[0]),
        ),
        st.tuples(
            st.just("settle"),
            st.lists(
                st.tuples(numbered, endings), min_size=1, max_size=5, unique_by=lambda end: end[0]
            ),
        ),
    ),
    min_size=1,
    max_size=6,
)
shoppers = st.lists(  # each cart's owner, and what is in it
    st.tuples(st.sampled_from(OWNERS), baskets), min_size=len(CARTS) - 1, max_size=len(CARTS) - 1
)


def order(number, cart, minutes, lines, coupon):
    return SimpleNamespace(
        order_id=ORDERS[number],
        cart_id=CARTS[cart],
        cart_version=1,
        placed_at=NOW + timedelta(minutes=minutes),
        lines=[
            SimpleNamespace(sku=sku, quantity=units, unit_price=Decimal("10.00"))
            for sku, units in lines.items()
        ],
        owner="cart:told",
        coupon=coupon or None,
    )


def do(name, batch):
    if name == "record":
        operations.record_orders([order(*drawn) for drawn in batch])
    else:
        operations.settle_orders([(ORDERS[number], how) for number, how in batch])


@contextmanager
def shop_after(carts, steps):
    """A shop of its own, in which the steps were done; it leaves nothing to the next."""
    with transaction.atomic():
        for code in ("TEN", "FIVE"):
            CouponFactory(code=code)
        for pk, (owner, lines) in zip(CARTS, carts, strict=False):
            free = not Cart.objects.filter(owner=owner, status="open").exists()
            status = "open" if free else "closed"
            cart_of(lines if free else {}, owner=owner, pk=pk, status=status, coupon="TEN")
        for name, batch in steps:
            do(name, batch)
        yield
        transaction.set_rollback(True)


def outcome(carts, steps):
    """The rows that the steps leave; ids only of what the shop began with."""
    with shop_after(carts, steps):
        return {
            "carts": sorted(
                (cart.owner, cart.status, cart.version, cart.coupon, cart.pk in CARTS, _in(cart))
                for cart in Cart.objects.all()
            ),
            "orders": list(CartOrder.objects.values_list("order_id", "cart_id", "status")),
            "given back": [
                when and round((when - timezone.now()) / timedelta(minutes=1))
                for when in CartOrder.objects.values_list("coupon_held_until", flat=True)
            ],
            "uses": [
                (use.coupon_id, use.cart_id, use.status, use.owner, _minutes(use))
                for use in CouponUse.objects.order_by("coupon_id", "cart_id")
            ],
            "watched": Scheduled.objects.filter(name="cart.expired").count(),
        }


def _in(cart):
    return sorted(cart.lines.values_list("sku", "quantity", "seen_price"))


def _minutes(use):
    return round((use.held_until - timezone.now()) / timedelta(minutes=1))


@settings(
    max_examples=30,
    deadline=None,
    print_blob=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(carts=shoppers, steps=batches)
def test_a_batch_comes_to_the_same_as_its_orders_one_by_one(carts, steps):
    one_by_one = [(name, [one]) for name, batch in steps for one in batch]
    assert outcome(carts, steps) == outcome(carts, one_by_one)


def whole_carts(many):
    """As many carts of as many shoppers, and the orders of all that is in them."""
    ids = [UUID(int=1000 + number) for number in range(many)]
    for pk in ids:
        cart_of({"MUG": 2, "BOWL": 1}, owner=f"cart:{pk}", pk=pk)
    return [order_of(pk) for pk in ids]


def order_of(cart_id, **more):
    placed = order(0, 0, 0, {"MUG": 2, "BOWL": 1}, "")
    return SimpleNamespace(**vars(placed) | {"order_id": cart_id, "cart_id": cart_id} | more)


@contextmanager
def statements(at_most):
    with CaptureQueriesContext(connection) as asked:
        yield
    # Without a savepoint around all, and what is published: the bus writes that as one.
    told = [sql for query in asked if not re.search(FREE, sql := query["sql"])]
    assert len(told) <= at_most, told


def test_many_orders_of_whole_carts_cost_as_many_statements_as_one():
    orders = whole_carts(30)
    with statements(7):
        operations.record_orders(orders)
    assert set(Cart.objects.values_list("status", "version")) == {("ordered", 2)}
    assert CartLine.objects.count() == 60
    with statements(7):
        operations.settle_orders([(order.order_id, "confirmed") for order in orders])
    assert set(Cart.objects.values_list("status", "version")) == {("closed", 3)}
    assert not CartLine.objects.exists()


def test_many_orders_of_unknown_carts_are_noted_by_one_statement():
    orders = [order_of(UUID(int=2000 + number)) for number in range(30)]
    with statements(3):
        operations.record_orders(orders)
    with statements(3):
        operations.settle_orders([(order.order_id, "confirmed") for order in orders])
    assert CartOrder.objects.filter(status="confirmed").count() == 30


def test_many_orders_with_coupons_and_more_put_in_since_cost_no_more_than_a_few():
    CouponFactory()
    orders = [order_of(order.cart_id, coupon="TEN") for order in whole_carts(30)]
    for cart in Cart.objects.all():
        CartLine.objects.create(cart=cart, sku="LAMP", quantity=1, seen_price=Decimal(5))
    with statements(20):
        operations.record_orders(orders)
    begun = Cart.objects.filter(status="open")
    assert [lines_of(cart) for cart in begun] == [{"LAMP": 1}] * 30
    assert CouponUse.objects.filter(status="used").count() == Coupon.objects.count() * 30
    with statements(20):
        operations.settle_orders([(order.order_id, "failed") for order in orders])
    left = Cart.objects.filter(status="open")
    assert [lines_of(cart) for cart in left] == [{"MUG": 2, "BOWL": 1, "LAMP": 1}] * 30
    assert CouponUse.objects.filter(status="held").count() == 30
