from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from apps.orders import operations
from apps.orders.access import access_token
from apps.orders.models import Order
from apps.orders.refusals import (
    CartBeingOrdered,
    CountryMismatch,
    NotRetryable,
    PriceChanged,
    QuoteExpired,
    QuoteInvalid,
    QuoteNotYours,
)
from apps.orders.tests.factories import (
    PriceFactory,
    decline,
    place,
    place_with,
    quote,
    quote_data,
    signed,
)
from eventbus.models import Scheduled
from eventbus.testing import drain, published


def nothing_happened():
    return not Order.objects.exists() and published("orders.created") == []


@pytest.mark.django_db
def test_an_order_is_recorded_and_announced_with_everything_others_need():
    data = quote_data()
    placed = place_with(signed(data))
    order = placed.order
    assert placed.created
    assert order.status == "PENDING"
    assert order.total == Decimal("44.90")
    assert order.customer_id is None
    assert [str(line) for line in order.lines.all()] == ["2 × Oak tray", "1 × Pine soap"]
    assert [str(change) for change in order.history.all()] == ["new → PENDING by customer"]
    assert [entry.kind for entry in order.timeline.all()] == ["placed"]
    [created] = published("orders.created", key=order.pk)
    assert created["number"] == order.number
    assert created["total"] == "44.90"
    assert created["cart_id"] == data["cart_id"]
    assert created["payment_method"] == "pm_1"
    assert created["retry_of"] is None
    assert created["lines"][0] == {
        "sku": "OAK-1",
        "title": "Oak tray",
        "quantity": 2,
        "unit_price": "19.90",
        "discount": "4.26",
        "tax": "5.67",
    }
    assert created["url"] == (
        f"{settings.SHOP_URL}/orders/{order.pk}/?token={access_token(order.pk)}"
    )
    assert "ann" not in created["subject"]
    assert order.pay_before - order.placed_at == settings.ORDER_PAYMENT_WINDOW
    assert Scheduled.objects.get(name="orders.payment_due").key == str(order.pk)


@pytest.mark.django_db
def test_a_customers_order_carries_the_customer_and_no_token():
    customer = uuid4()
    order = place(owner=f"user:{customer}")
    [created] = published("orders.created")
    assert order.customer_id == customer
    assert created["customer_id"] == created["subject"] == str(customer)
    assert created["url"] == f"{settings.SHOP_URL}/orders/{order.pk}/"


@pytest.mark.django_db
def test_the_number_is_random_and_readable():
    first, second = place(), place()
    assert first.number != second.number
    assert len(first.number) == len("HP-7F3K-92QD")
    assert not set(first.number) & set("ILOU")


@pytest.mark.django_db
def test_a_used_quote_gives_the_order_it_made_however_it_stands():
    token = quote()
    order = place_with(token).order
    again = place_with(token)
    assert (again.order, again.created) == (order, False)
    for status in Order.Status:
        Order.objects.update(status=status)
        again = place_with(token)
        assert (again.order, again.created) == (order, False)
    assert len(published("orders.created")) == 1


@pytest.mark.django_db
def test_a_used_quote_gives_its_order_after_it_expired():
    data = quote_data()
    order = place_with(signed(data)).order
    data["expires_at"] = (timezone.now() - timedelta(days=1)).isoformat()
    assert place_with(signed(data)).order == order


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("token", "refusal"),
    [
        (lambda: "no quote", QuoteInvalid),
        (lambda: quote() + "x", QuoteInvalid),
        (lambda: signed(quote_data(), key="somebody else's key"), QuoteInvalid),
        (lambda: quote(owner="user:somebody"), QuoteNotYours),
        (lambda: quote(expires_at="2026-01-01T00:00:00+00:00"), QuoteExpired),
        (lambda: quote(country="FR"), CountryMismatch),
    ],
)
def test_a_bad_offer_is_refused_and_nothing_happens(token, refusal):
    with pytest.raises(refusal):
        place_with(token())
    assert nothing_happened()


@pytest.mark.django_db
def test_an_older_key_still_verifies(settings):
    token = quote()
    settings.QUOTE_KEYS = ["a new key", *settings.QUOTE_KEYS]
    assert place_with(token).created


@pytest.mark.django_db
def test_a_newer_price_is_refused_with_the_new_one():
    PriceFactory(version=2, price=Decimal("21.00"))
    with pytest.raises(PriceChanged) as refused:
        place_with(quote())
    [new] = refused.value.prices
    assert (new.sku, new.quoted, new.price) == ("OAK-1", Decimal("19.90"), Decimal("21.00"))
    assert nothing_happened()


@pytest.mark.django_db
def test_an_article_no_longer_sold_is_refused():
    PriceFactory(version=2, active=False)
    with pytest.raises(PriceChanged):
        place_with(quote())
    assert nothing_happened()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("version", "price"),
    [(2, "19.90"), (1, "19.90"), (0, "25.00")],  # renamed only; the same; orders is behind
)
def test_an_offer_that_is_not_outdated_stands(version, price):
    PriceFactory(version=version, price=Decimal(price))
    assert place_with(quote()).created


@pytest.mark.django_db
def test_a_cart_has_one_live_order():
    cart = uuid4()
    first = place(cart_id=cart, cart_version=1)
    with pytest.raises(CartBeingOrdered) as refused:
        place(cart_id=cart, cart_version=2)
    assert refused.value.order_id == first.pk
    assert len(published("orders.created")) == 1


@pytest.mark.django_db
def test_a_cart_can_be_ordered_again_after_its_order_ended():
    cart = uuid4()
    first = place(cart_id=cart, cart_version=1)
    operations.cancel_order(order_id=first.pk, by="customer")
    assert place(cart_id=cart, cart_version=2).status == "PENDING"


@pytest.mark.django_db
def test_the_database_refuses_sums_that_do_not_add_up():
    order = place()
    with pytest.raises(IntegrityError), transaction.atomic():
        Order.objects.filter(pk=order.pk).update(total=Decimal("44.91"))
    with pytest.raises(IntegrityError), transaction.atomic():
        Order.objects.filter(pk=order.pk).update(tax=Decimal("-0.01"))


@pytest.mark.django_db
def test_a_failed_order_is_paid_again_as_a_new_one():
    failed = place()
    decline(failed)
    drain()
    placed = operations.retry_order(order_id=failed.pk, payment_method="pm_2")
    order = placed.order
    assert placed.created
    assert order.pk != failed.pk
    assert order.retry_of == failed.pk
    assert (order.total, order.line1, order.owner) == (failed.total, failed.line1, failed.owner)
    assert [line.sku for line in order.lines.all()] == ["OAK-1", "PIN-1"]
    created = published("orders.created")[-1]
    assert created["retry_of"] == str(failed.pk)
    assert created["payment_method"] == "pm_2"
    again = operations.retry_order(order_id=failed.pk, payment_method="pm_3")
    assert (again.order, again.created) == (order, False)
    assert len(published("orders.created")) == 2


@pytest.mark.django_db
def test_who_pays_again_owns_the_new_order():
    """Payments takes a card only from its owner, who need not be the failed order's."""
    customer = uuid4()
    failed = place()
    decline(failed)
    drain()
    order = operations.retry_order(
        order_id=failed.pk, payment_method="pm_2", owner=f"user:{customer}"
    ).order
    assert (order.owner, order.customer_id) == (f"user:{customer}", customer)
    assert order.email == failed.email
    created = published("orders.created")[-1]
    assert (created["owner"], created["subject"]) == (order.owner, str(customer))


@pytest.mark.django_db
def test_a_customers_data_stays_theirs_when_their_link_is_opened_elsewhere():
    customer = uuid4()
    failed = place(owner=f"user:{customer}")
    decline(failed)
    drain()
    order = operations.retry_order(
        order_id=failed.pk, payment_method="pm_2", owner="cart:phone"
    ).order
    assert (order.owner, order.customer_id) == ("cart:phone", customer)


@pytest.mark.django_db
@pytest.mark.parametrize("status", ["PENDING", "CONFIRMED", "SHIPPED", "DELIVERED", "CANCELLED"])
def test_only_a_failed_order_is_paid_again(status):
    order = place()
    Order.objects.update(status=status)
    with pytest.raises(NotRetryable):
        operations.retry_order(order_id=order.pk, payment_method="pm_2")
    assert Order.objects.count() == 1


@pytest.mark.django_db
def test_an_order_is_not_paid_again_while_its_cart_is_ordered_anew():
    cart = uuid4()
    failed = place(cart_id=cart, cart_version=1)
    decline(failed)
    drain()
    place(cart_id=cart, cart_version=2)
    with pytest.raises(CartBeingOrdered):
        operations.retry_order(order_id=failed.pk, payment_method="pm_2")
    assert Order.objects.count() == 2
