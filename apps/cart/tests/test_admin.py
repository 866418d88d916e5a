"""What staff see of carts, and how they make coupons."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from apps.cart import demo
from apps.cart.models import Coupon, CouponUse
from apps.cart.tests.factories import OWNER, CouponFactory, cart_of, quote

pytestmark = pytest.mark.django_db
URL = "/admin/cart/coupon/"


def page(response):
    return " ".join(response.content.decode().split())


@pytest.mark.parametrize("model", ["cart", "cartline", "cartorder", "article", "stock"])
def test_staff_look_and_do_not_touch(admin_client, model):
    cart = cart_of({"MUG": 1})
    assert admin_client.get(f"/admin/cart/{model}/").status_code == 200
    assert admin_client.get(f"/admin/cart/{model}/add/").status_code == 403
    assert admin_client.get(f"/admin/cart/cart/{cart.pk}/change/").status_code == 200


def test_carts_are_found_by_what_is_in_them(admin_client):
    cart = cart_of({"MUG": 1}, coupon="TEN")
    cart_of({"HAT": 1}, owner="user:7")
    for words in ("MUG", "TEN", OWNER, str(cart.pk)):
        shown = page(admin_client.get("/admin/cart/cart/", {"q": words}))
        assert "1 cart" in shown
        assert str(cart.pk) in shown


def form(**fields):
    return {
        "code": "ten",
        "kind": "percent",
        "amount": "10",
        "minimum": "0",
        "active": "on",
        **fields,
    }


def test_staff_make_a_coupon_and_change_it(admin_client):
    window = {
        "starts_at_0": "2026-01-01",
        "starts_at_1": "00:00",
        "ends_at_0": "2027-01-01",
        "ends_at_1": "00:00",
    }
    made = admin_client.post(f"{URL}add/", form(**window, total_limit="5"))
    assert made.status_code == 302
    assert Coupon.objects.get().starts_at == datetime(2025, 12, 31, 23, tzinfo=UTC)  # in Berlin
    assert "2026-01-01 00:00 to 2027-01-01 00:00" in page(admin_client.get(URL))
    changed = admin_client.post(f"{URL}TEN/change/", form(code="OTHER", amount="12.5"))
    assert changed.status_code == 302
    [coupon] = Coupon.objects.all()
    assert (coupon.code, coupon.amount, coupon.total_limit) == ("TEN", Decimal("12.50"), None)
    shown = page(admin_client.get(URL))
    assert "12.5 %" in shown


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"code": "TEN"}, "already exists"),
        ({"code": "T N"}, "Enter a valid"),
        ({"code": ""}, "This field is required"),
        ({"code": "new", "amount": "0"}, "More than 0 is needed"),
        ({"code": "new", "amount": "101"}, "at most 100"),
        ({"code": "new", "minimum": "-1"}, "Nothing less than 0"),
        ({"code": "new", "total_limit": "-1"}, "greater than or equal to 0"),
        (
            {
                "code": "new",
                "starts_at_0": "2026-01-02",
                "starts_at_1": "00:00",
                "ends_at_0": "2026-01-01",
                "ends_at_1": "00:00",
            },
            "It has to end after it starts.",
        ),
    ],
)
def test_a_coupon_that_makes_no_sense_is_refused(admin_client, fields, said):
    CouponFactory()
    response = admin_client.post(f"{URL}add/", form(**fields))
    assert response.status_code == 200
    assert said in page(response)
    assert [coupon.code for coupon in Coupon.objects.all()] == ["TEN"]


def test_staff_see_how_often_a_coupon_is_held_and_used(admin_client):
    CouponFactory()
    cart_of({"a": 1}, coupon="TEN")
    quote()
    for n, (status, days) in enumerate([("used", -1), ("used", 1), ("held", -1)]):
        CouponUse.objects.create(
            coupon_id="TEN",
            cart_id=f"{n:032}",
            cart_version=1,
            owner="user:7",
            status=status,
            held_until=timezone.now() + timedelta(days=days),
        )
    shown = page(admin_client.get(URL))
    assert '<td class="field-held">1</td><td class="field-used">2</td>' in shown
    assert admin_client.get("/admin/cart/couponuse/").status_code == 200
    assert admin_client.get("/admin/cart/couponuse/add/").status_code == 403


def test_a_coupon_that_was_used_is_kept(admin_client):
    CouponFactory()
    cart_of({"a": 1}, coupon="TEN")
    quote()
    shown = page(admin_client.post(f"{URL}TEN/delete/", {"post": "yes"}))
    assert "Cannot delete coupon" in shown
    assert Coupon.objects.exists()


def test_the_demo_has_two_coupons_and_loads_them_once():
    for _ in range(2):
        assert [sample.code for sample in demo.load()] == ["WELCOME10", "HARBOUR5"]
        Coupon.objects.filter(code="HARBOUR5").update(amount=Decimal(6))
    assert dict(Coupon.objects.values_list("code", "amount")) == {"WELCOME10": 10, "HARBOUR5": 6}
