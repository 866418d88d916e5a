"""Data of orders' tests: signed quotes as cart would make them, and orders placed from them."""

import json
from datetime import timedelta
from decimal import Decimal
from functools import cache
from hashlib import sha256
from uuid import UUID, uuid4

import factory
from django.conf import settings
from django.core import signing
from django.utils import timezone
from jsonschema import Draft202012Validator

from apps.orders import operations
from apps.orders.models import Order, Price
from apps.orders.operations import Address
from eventbus.testing import emit

CART_TOKEN = "a-cart-token-of-a-guest"
GUEST = f"cart:{sha256(CART_TOKEN.encode()).hexdigest()}"
ADDRESS = Address(name="Ann Lee", line1="Quay 1", city="Hamburg", postcode="20095", country="DE")


class PriceFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Price

    sku = "OAK-1"
    price = Decimal("19.90")
    version = 1
    active = True


def quote_data(**changes):
    """What cart signs: 2 × 19.90 + 1 × 5.00 - 4.80 + 4.90 = 44.90, of which 5.67 + 0.71 + 0.78 is
    tax of 19 %."""
    data = {
        "owner": GUEST,
        "cart_id": str(uuid4()),
        "cart_version": 3,
        "lines": [
            line("OAK-1", "Oak tray", 2, "19.90", discount="4.26", tax="5.67"),
            line("PIN-1", "Pine soap", 1, "5.00", discount="0.54", tax="0.71"),
        ],
        "subtotal": "44.80",
        "discount": "4.80",
        "coupon": None,
        "shipping": "4.90",
        "shipping_method": "standard",
        "shipping_tax": "0.78",
        "tax": "7.16",
        "total": "44.90",
        "currency": "EUR",
        "country": "DE",
        "expires_at": (timezone.now() + timedelta(minutes=15)).isoformat(),
    }
    return data | {name: str(v) if isinstance(v, UUID) else v for name, v in changes.items()}


def line(sku, title, quantity, unit_price, *, discount="0.00", tax_rate="19.00", tax="0.00"):
    return {
        "sku": sku,
        "title": title,
        "quantity": quantity,
        "unit_price": unit_price,
        "price_version": 1,
        "discount": discount,
        "tax_rate": tax_rate,
        "tax": tax,
    }


def signed(data, *, key=None):
    """Sign it as cart does; the data fits the contract file."""
    contract().validate(data)
    return signing.dumps(
        data, key=key or settings.QUOTE_KEYS[0], salt="cart.quote.v1", compress=True
    )


@cache
def contract():
    file = settings.BASE_DIR / "contracts" / "cart.quote.v1.json"
    Draft202012Validator.check_schema(schema := json.loads(file.read_text()))
    return Draft202012Validator(schema)


def quote(**changes):
    return signed(quote_data(**changes))


def place(**changes) -> Order:
    """A PENDING order, placed as a shopper places it."""
    data = quote_data(**changes)
    return place_with(signed(data), owner=data["owner"]).order


def place_with(token, *, owner=GUEST):
    """Place an order from the signed quote."""
    return operations.place_order(
        quote=token,
        owner=owner,
        email="ann@example.com",
        address=ADDRESS,
        payment_method="pm_1",
    )


def pay(order, *, brand="visa", last4="4242"):
    """payments.processed, as payments tells it."""
    paid = {
        "order_id": str(order.pk),
        "amount": str(order.total),
        "currency": "EUR",
        "brand": brand,
        "last4": last4,
    }
    return emit("payments.processed", paid, key=order.pk)


def decline(order):
    """payments.failed, as payments tells it."""
    declined = {
        "order_id": str(order.pk),
        "code": "card_declined",
        "decline_code": "insufficient_funds",
        "message": "Your card has insufficient funds.",
    }
    return emit("payments.failed", declined, key=order.pk)


def sell_out(order):
    """inventory.failed: of the first article one is left."""
    missing = [{"sku": "OAK-1", "wanted": 2, "available": 1}]
    return emit("inventory.failed", {"order_id": str(order.pk), "missing": missing}, key=order.pk)
