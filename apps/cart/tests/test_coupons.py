"""Who may use a coupon, what it takes off, and that a quote holds one use of it."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from apps.cart import operations
from apps.cart.models import Cart, Coupon, CouponUse
from apps.cart.tests.factories import OWNER, CouponFactory, cart_of, open_lines, quote

pytestmark = pytest.mark.django_db
NOW = timezone.now()
HOUR = timedelta(hours=1)


def apply(code="TEN", owner=OWNER):
    return operations.apply_coupon(owner=owner, code=code)


def uses():
    return list(CouponUse.objects.order_by("id").values_list("owner", "status", "cart_version"))


def lapse():
    """As if the time of everything that is held were over."""
    CouponUse.objects.update(held_until=timezone.now() - HOUR)


@pytest.mark.parametrize(
    ("kind", "amount", "discount", "shares"),
    [
        ("percent", "10", "4.00", ["2.00", "2.00"]),
        ("percent", "33.33", "13.33", ["6.67", "6.66"]),  # 13.332
        ("percent", "100", "40.00", ["20.00", "20.00"]),
        ("fixed", "5.01", "5.01", ["2.51", "2.50"]),
        ("fixed", "999", "40.00", ["20.00", "20.00"]),  # never more than there is to pay
    ],
)
def test_a_coupon_takes_its_part_off(kind, amount, discount, shares):
    CouponFactory(kind=kind, amount=amount)
    cart_of({"a": 2, "b": 2})
    apply()
    read = quote().quote
    assert (read.coupon, read.discount) == ("TEN", Decimal(discount))
    assert [line.discount for line in read.lines] == [Decimal(share) for share in shares]
    assert read.total == Decimal("40.00") - read.discount + read.shipping


@pytest.mark.parametrize("typed", ["TEN", "ten", " Ten ", "tEN\t"])
def test_a_code_may_be_typed_in_any_case_and_is_kept_with_the_cart(typed):
    CouponFactory()
    cart_of({"a": 1}, version=4)
    assert apply(typed) == "TEN"
    assert apply(typed) == "TEN"
    assert list(Cart.objects.values_list("coupon", "version")) == [("TEN", 5)]
    operations.add_line(owner=OWNER, sku="a", quantity=1)
    assert quote().quote.coupon == "TEN"
    operations.remove_coupon(owner=OWNER)
    assert (quote().quote.coupon, quote().quote.cart_version) == (None, 7)


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"active": False}, "coupon_unknown"),
        ({"starts_at": NOW + HOUR}, "coupon_not_started"),
        ({"ends_at": NOW - HOUR}, "coupon_expired"),
        ({"minimum": "10.01"}, "coupon_minimum"),
        ({"total_limit": 0}, "coupon_used_up"),
        ({"customer_limit": 0}, "coupon_used_by_you"),
    ],
)
def test_a_coupon_that_does_not_apply_is_refused_and_the_cart_kept(fields, code):
    CouponFactory(**fields)
    cart = cart_of({"a": 1}, version=4)
    with pytest.raises(operations.CouponRefused) as refusal:
        apply()
    assert refusal.value.code == code
    Cart.objects.update(coupon="TEN")  # as if it had applied when it was entered
    with pytest.raises(operations.CouponRefused) as refusal:
        quote()
    assert refusal.value.code == code
    assert open_lines() == {"a": 1}
    assert Cart.objects.get(pk=cart.pk).version == 4
    assert uses() == []


def test_a_coupon_inside_its_window_and_at_its_minimum_applies():
    CouponFactory(starts_at=NOW - HOUR, ends_at=NOW + HOUR, minimum="10.00")
    cart_of({"a": 1})
    apply()
    assert quote().quote.discount == Decimal("1.00")


def test_the_minimum_says_what_is_missing():
    CouponFactory(minimum="25.00")
    cart_of({"a": 1})
    with pytest.raises(operations.CouponMinimum) as refusal:
        apply()
    assert (refusal.value.minimum, refusal.value.missing) == (25, 15)
    assert str(refusal.value).endswith("€25.00 or more: €15.00 to go.")


@pytest.mark.parametrize("code", ["NONE", "", "T%N", "TEN;", "x" * 200, "ﬀ", "TEN\u200b"])
def test_what_is_no_coupon_is_none(code):
    CouponFactory()
    cart_of({"a": 1})
    with pytest.raises(operations.CouponUnknown):
        apply(code)
    assert Cart.objects.get().coupon == ""


@pytest.mark.parametrize("owner", [OWNER, "user:7", None])
def test_an_empty_cart_takes_no_coupon(owner):
    CouponFactory()
    with pytest.raises(operations.EmptyCart):
        apply(owner=owner)
    operations.remove_coupon(owner=owner)
    assert not Cart.objects.exists()


def test_entering_holds_nothing_and_every_quote_of_a_cart_the_same_use():
    CouponFactory(total_limit=1)
    cart = cart_of({"a": 1}, version=4)
    apply()
    assert uses() == []
    first = quote()
    operations.add_line(owner=OWNER, sku="a", quantity=1)
    second = quote(country="FR")
    assert uses() == [(OWNER, "held", 6)]
    held = CouponUse.objects.get()
    assert held.cart_id == cart.pk
    assert held.held_until == second.quote.expires_at + timedelta(minutes=15)
    assert (first.quote.cart_version, second.quote.cart_version) == (5, 6)


def test_what_one_cart_holds_another_cannot_have_until_its_time_is_over():
    CouponFactory(total_limit=1)
    cart_of({"a": 1})
    cart_of({"a": 1}, owner="user:7")
    apply()
    quote()
    with pytest.raises(operations.CouponRefused) as refusal:
        apply(owner="user:7")
    assert refusal.value.code == "coupon_used_up"
    lapse()
    apply(owner="user:7")
    assert quote(owner="user:7").quote.coupon == "TEN"
    with pytest.raises(operations.CouponRefused):  # and the first has lost it
        quote()


def test_a_limit_for_each_customer_counts_their_own_carts_only():
    CouponFactory(customer_limit=1)
    used = {"coupon_id": "TEN", "cart_version": 1, "status": "used", "held_until": NOW}
    CouponUse.objects.create(cart_id="0" * 32, owner="user:7", **used)
    cart_of({"a": 1}, owner="user:7")
    cart_of({"a": 1}, owner="user:8")
    apply(owner="user:8")
    with pytest.raises(operations.CouponRefused) as refusal:
        apply(owner="user:7")
    assert refusal.value.code == "coupon_used_by_you"


def test_another_coupon_leaves_the_use_that_an_older_offer_still_needs():
    """That offer can be ordered until it expires, with its discount."""
    CouponFactory(total_limit=1)
    CouponFactory(code="FIVE", kind="fixed", amount=5)
    cart_of({"a": 1})
    apply()
    quote()
    apply("FIVE")
    quote()
    held = CouponUse.objects.order_by("id").values_list("coupon", "status")
    assert list(held) == [("TEN", "held"), ("FIVE", "held")]


def test_a_quote_with_a_coupon_and_one_without_in_one_go():
    CouponFactory()
    cart_of({"a": 1})
    delivery = {"owner": OWNER, "country": "DE", "shipping_method": "standard"}
    assert operations.make_quote_with(coupon="ten", **delivery).quote.discount == 1
    assert quote().quote.coupon == "TEN"
    with pytest.raises(operations.CouponUnknown):
        operations.make_quote_with(coupon="NONE", **delivery)
    assert quote().quote.coupon == "TEN"
    assert operations.make_quote_with(coupon="", **delivery).quote.coupon is None
    assert quote().quote.coupon is None


def test_somebody_who_signs_in_takes_coupon_and_uses_along():
    CouponFactory(customer_limit=1)
    cart_of({"a": 1}, coupon="TEN")
    cart_of({"b": 1}, owner="user:7")
    used = {"coupon_id": "TEN", "cart_version": 1, "held_until": NOW + HOUR}
    CouponUse.objects.create(cart_id="0" * 32, owner=OWNER, status="used", **used)
    operations.claim_carts(anonymous=OWNER, owner="user:7")
    assert Cart.objects.get(owner="user:7", status="open").coupon == "TEN"
    with pytest.raises(operations.CouponRefused) as refusal:
        quote(owner="user:7")
    assert refusal.value.code == "coupon_used_by_you"


def test_what_a_guest_only_held_does_not_count_when_they_sign_in():
    CouponFactory(customer_limit=1)
    cart_of({"a": 1}, coupon="TEN")
    quote()
    operations.claim_carts(anonymous=OWNER, owner="user:7")
    assert quote(owner="user:7").quote.coupon == "TEN"


@pytest.mark.parametrize(
    "fields",
    [
        {"code": "ten"},
        {"code": ""},
        {"amount": 0},
        {"amount": -1},
        {"amount": "100.01"},
        {"minimum": -1},
        {"starts_at": NOW, "ends_at": NOW},
        {"total_limit": -1},
    ],
)
def test_the_database_keeps_coupons_sane(fields):
    with pytest.raises(IntegrityError), transaction.atomic():
        CouponFactory(**fields)
    assert not Coupon.objects.exists()
