"""What an order costs is what its quote said, to the cent, or there is no order."""

from contextlib import contextmanager
from decimal import ROUND_HALF_UP, Decimal

import pytest
from django.db import IntegrityError, connection, transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.orders.models import Order, OrderLine, StatusChange
from apps.orders.quotes import read_quote
from apps.orders.refusals import QuoteInvalid
from apps.orders.tests.factories import GUEST, line, place, place_with, quote_data, signed
from eventbus.testing import published

cents = st.integers(0, 1_234_599).map(lambda amount: Decimal(amount) / 100)
articles = st.tuples(cents, st.integers(1, 99))
rates = st.sampled_from(["0.00", "5.50", "7.00", "19.00", "25.00"])


def tax_in(amount, rate):
    return (amount * rate / (100 + rate)).quantize(Decimal("0.01"), ROUND_HALF_UP)


@st.composite
def offers(draw):
    """A quote as cart makes it, with a discount that is spread over its lines in any way."""
    rate = Decimal(draw(rates))
    lines, subtotal, discount, tax = [], Decimal(0), Decimal(0), Decimal(0)
    for number, (price, quantity) in enumerate(draw(st.lists(articles, min_size=1, max_size=12))):
        amount = price * quantity
        off = Decimal(draw(st.integers(0, int(amount * 100)))) / 100
        within = tax_in(amount - off, rate)
        sums = {"discount": f"{off:.2f}", "tax_rate": str(rate), "tax": f"{within:.2f}"}
        lines.append(line(f"SKU-{number}", "A thing", quantity, f"{price:.2f}", **sums))
        subtotal, discount, tax = subtotal + amount, discount + off, tax + within
    shipping = draw(cents)
    shipping_tax = tax_in(shipping, rate)
    return quote_data(
        lines=lines,
        subtotal=f"{subtotal:.2f}",
        discount=f"{discount:.2f}",
        coupon="HELLO" if discount else None,
        shipping=f"{shipping:.2f}",
        shipping_tax=f"{shipping_tax:.2f}",
        tax=f"{tax + shipping_tax:.2f}",
        total=f"{subtotal - discount + shipping:.2f}",
    )


@contextmanager
def undone():
    """Hypothesis tries many examples in one test."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


SUMS = ("subtotal", "discount", "shipping", "shipping_tax", "tax", "total")


@pytest.mark.django_db
@settings(deadline=None)
@given(offers())
def test_an_order_costs_what_was_offered_to_the_cent(data):
    with undone():
        order = Order.objects.get(pk=place_with(signed(data)).order.pk)
        assert {name: f"{getattr(order, name):.2f}" for name in SUMS} == {
            name: data[name] for name in SUMS
        }
        lines = list(order.lines.all())
        assert order.subtotal == sum(one.unit_price * one.quantity for one in lines)
        assert order.discount == sum(one.discount for one in lines)
        assert order.tax == sum(one.tax for one in lines) + order.shipping_tax
        assert order.total == order.subtotal - order.discount + order.shipping
        [created] = published("orders.created", key=order.pk)
        kept = ("sku", "quantity", "unit_price", "discount", "tax")
        assert [{name: one[name] for name in kept} for one in created["lines"]] == [
            {name: one[name] for name in kept} for one in data["lines"]
        ]
        assert (created["total"], created["coupon"]) == (data["total"], data["coupon"])


@settings(deadline=None)
@given(
    data=offers(),
    name=st.sampled_from([*SUMS, "unit_price", "line discount", "line tax", "quantity"]),
    off_by=st.integers(-500, 500).filter(bool),
    pick=st.integers(0, 11),
)
def test_no_sum_can_differ_from_its_parts_by_a_cent(data, name, off_by, pick):
    """Not even when the cart itself has signed it."""
    some = data["lines"][pick % len(data["lines"])]
    if name == "quantity":
        if not float(some["unit_price"]):
            return  # for nothing, any number costs the same
        some["quantity"] += abs(off_by)
    elif name in SUMS:
        data[name] = changed(data[name], off_by)
    else:
        part = name.removeprefix("line ")
        some[part] = changed(some[part], off_by)
    with pytest.raises(QuoteInvalid):
        read_quote(signed(data), owner=GUEST)


def changed(amount, cents):
    return f"{Decimal(amount) + Decimal(cents) / 100:.2f}"


@settings(deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 61))
def test_no_character_of_a_signed_quote_can_be_changed(place_in, by):
    token = signed(quote_data(cart_id="0" * 32, expires_at="2030-01-01T00:00:00+00:00"))
    alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
    place_in %= len(token)
    here = token[place_in]
    other = alphabet[(alphabet.find(here) + by) % len(alphabet)]
    forged = token[:place_in] + other + token[place_in + 1 :]
    if forged == token:
        return
    try:
        read = read_quote(forged, owner=GUEST)
    except QuoteInvalid:
        return
    # Base64's last character has bits that mean nothing: then it is the same quote.
    assert read == read_quote(token, owner=GUEST)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "changes",
    [
        {"lines": []},
        {"lines": [line("A", "A", 1, "22.40"), line("A", "A", 1, "22.40")]},
        {"lines": [line("A", "A", 0, "44.80")]},
        {"lines": [line("A", "A", -1, "-44.80")]},
        {"lines": [line("A", "A", 1, "44.80", discount="4.80", tax="40.01")]},
        {"lines": [line("A", "A", 1, "44.80", discount="4.80", tax_rate="100.01")]},
        {"lines": [line("A", "A", 3, "14.933333333333333", discount="4.80", tax="6.38")]},
        {"discount": "NaN"},
        {"total": "Infinity"},
        {"shipping": "-4.90", "total": "35.10"},
        {"shipping_tax": "4.91"},
        {  # taxed as a whole and in no part
            "lines": [line("A", "A", 1, "44.80", discount="4.80", tax_rate="0.00")],
            "shipping_tax": "0.00",
        },
    ],
    ids=range(12),
)
def test_an_absurd_offer_is_refused_and_nothing_happens(changes):
    with pytest.raises(QuoteInvalid):
        place(**changes)
    assert not Order.objects.exists()
    assert published("orders.created") == []


@pytest.mark.django_db
@pytest.mark.parametrize("model", [OrderLine, StatusChange])
def test_the_release_before_may_still_write_what_it_knows(model):
    """While both run, its rows get what it does not know of from the database."""
    row = model.objects.filter(order=place()).first()
    new = {"discount", "tax_rate", "tax", "actor"}
    known = [field for field in model._meta.fields if field.name not in new]
    values = [field.get_db_prep_save(getattr(row, field.attname), connection) for field in known]
    row.delete()
    columns = ", ".join(f'"{field.column}"' for field in known)
    places = ", ".join(["%s"] * len(known))
    with connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO {model._meta.db_table} ({columns}) VALUES ({places})", values)  # noqa: S608
    written = model.objects.get(pk=values[0])
    assert {getattr(written, name, "") for name in new} <= {Decimal("0.00"), ""}


@pytest.mark.django_db
def test_the_database_refuses_parts_that_are_more_than_their_whole():
    order = place()
    for more in ({"discount": "44.81"}, {"shipping_tax": "4.91"}, {"tax": "44.91"}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Order.objects.filter(pk=order.pk).update(**more)
    for more in ({"discount": "39.81"}, {"tax": "35.55"}, {"tax_rate": "101"}, {"tax": "-0.01"}):
        with pytest.raises(IntegrityError), transaction.atomic():
            OrderLine.objects.filter(order=order, sku="OAK-1").update(**more)
