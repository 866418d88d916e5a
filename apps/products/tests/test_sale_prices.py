"""Prices and windows that cannot be, and what staff do about sales in the admin."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from apps.products import operations
from apps.products.models import PriceList, SalePrice, Variant
from apps.products.tests.factories import PriceListFactory, SalePriceFactory, VariantFactory
from apps.products.tests.sales import HOUR, costs, plan, scheduled, told
from eventbus.testing import drain, published

pytestmark = pytest.mark.django_db
State = PriceList.State


@pytest.mark.parametrize("price", ["10.01", "0", "-1", "0.001"])
def test_a_sale_price_that_cannot_be_is_refused(mug, price):
    row = PriceListFactory()
    with pytest.raises(ValidationError):
        operations.set_sale_price(price_list=row.pk, sku="MUG", price=Decimal(price))
    assert not SalePrice.objects.exists()
    assert told() == []


def test_the_database_refuses_a_sale_price_that_cannot_be(mug):
    with pytest.raises(IntegrityError), transaction.atomic():
        SalePrice.objects.create(price_list=PriceListFactory(), variant=mug, price=Decimal(0))
    for price in ("10.00", "0"):
        with pytest.raises(IntegrityError), transaction.atomic():
            Variant.objects.update(sale_price=Decimal(price))


def test_the_regular_price_does_not_fall_below_a_sale(mug, now):
    plan(now, 1, 2, "8.00")
    with pytest.raises(ValidationError, match=r"In Autumn it costs 8\.00"):
        operations.change_price(sku="MUG", price=Decimal("7.99"))
    with pytest.raises(ValidationError, match=r"In Autumn it costs 8\.00"):
        operations.save_variant(sku="MUG", product=mug.product.slug, price=Decimal("7.99"))
    assert told() == []
    assert operations.change_price(sku="MUG", price=Decimal("8.00"))
    drain(now=now + HOUR)
    assert told() == [("8.00", None)]


def test_the_regular_price_may_fall_to_a_running_sale_and_rise_again(mug, now):
    plan(now, -1, 1, "8.00")
    operations.change_price(sku="MUG", price=Decimal("8.00"))
    operations.save_variant(sku="MUG", product=mug.product.slug, price=Decimal("9.00"))
    operations.save_variant(sku="MUG", product=mug.product.slug, price=Decimal("8.00"))
    assert told() == [("8.00", "10.00"), ("8.00", None), ("8.00", "9.00"), ("8.00", None)]


def test_a_list_that_is_over_does_not_run_again_above_the_regular_price(mug, now):
    row = plan(now, -2, -1, "8.00")
    operations.change_price(sku="MUG", price=Decimal("5.00"))
    with pytest.raises(ValidationError, match=r"MUG costs 5\.00 regularly, 8\.00 here"):
        operations.save_price_list(name=row.name, starts_at=row.starts_at, ends_at=now + HOUR)
    row.refresh_from_db()
    assert (row.state, row.ends_at) == (State.OVER, now - HOUR)
    assert told() == [("5.00", None)]
    assert scheduled() == []


def test_a_window_that_ends_before_it_begins_is_refused(now):
    with pytest.raises(ValidationError):
        operations.save_price_list(name="Autumn", starts_at=now, ends_at=now)
    with pytest.raises(IntegrityError), transaction.atomic():
        PriceListFactory(starts_at=now, ends_at=now)
    assert scheduled() == []


def test_two_lists_do_not_have_one_name(now):
    one, other = PriceListFactory(name="Autumn"), PriceListFactory(name="Winter")
    with pytest.raises(ValidationError):
        operations.save_price_list(price_list=other.pk, name="Autumn", starts_at=now)
    operations.save_price_list(price_list=one.pk, name="Spring", starts_at=one.starts_at)
    assert set(PriceList.objects.values_list("name", flat=True)) == {"Spring", "Winter"}


def test_staff_plan_a_sale(admin_client, mug):
    form = {
        "name": "Autumn",
        "starts_at_0": "2026-01-01",
        "starts_at_1": "00:00:00",
        "active": "on",
        "prices-TOTAL_FORMS": 1,
        "prices-INITIAL_FORMS": 0,
        "prices-0-variant": mug.pk,
        "prices-0-price": "8.00",
    }
    address = "/admin/products/pricelist/"
    assert admin_client.post(f"{address}add/", form).status_code == 302
    row = PriceList.objects.get()
    assert (row.state, row.starts_at) == (
        State.RUNNING,
        datetime(2025, 12, 31, 23, tzinfo=UTC),  # what staff type is the shop's time
    )
    assert told() == [("8.00", "10.00")]

    kept = {"prices-INITIAL_FORMS": 1, "prices-0-id": row.prices.get().pk}
    kept["prices-0-price_list"] = row.pk
    dear = form | kept | {"prices-0-price": "10.01"}
    page = admin_client.post(f"{address}{row.pk}/change/", dear).content.decode()
    assert "The regular price is 10.00." in page
    other = VariantFactory(sku="CUP")
    admin_client.post(f"{address}{row.pk}/change/", form | kept | {"prices-0-variant": other.pk})
    assert SalePrice.objects.get().variant == other
    assert costs() == Decimal("10.00")
    cup = Variant.objects.get(sku="CUP")
    assert (cup.costs, cup.version) == (Decimal("8.00"), 2)

    admin_client.post(f"{address}{row.pk}/delete/", {"post": "yes"})
    assert not PriceList.objects.exists()
    assert published("products.changed", key="CUP")[-1]["price"] == "10.00"


def test_staff_delete_several_sales(admin_client, mug):
    SalePriceFactory(variant=mug)
    form = {"action": "delete_selected", "post": "yes"}
    form["_selected_action"] = [PriceList.objects.get().pk]
    admin_client.post("/admin/products/pricelist/", form)
    assert not PriceList.objects.exists()
    assert told() == [("10.00", None)]
