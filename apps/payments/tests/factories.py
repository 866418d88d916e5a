"""Cards, methods and what other contexts say, for the tests of payments."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import factory
from django.utils import timezone
from uuid_utils.compat import uuid7

from apps.payments import calls, queries
from apps.payments.gateway import Card
from apps.payments.models import GatewayCard, Payment, PaymentMethod
from eventbus.testing import emit

OWNER = "user:1"
PAID, DECLINED, NO_FUNDS = "4242424242424242", "4000000000000002", "4000000000009995"
CHALLENGE, CHALLENGE_DECLINE = "4000000000003220", "4000008400001629"
REFUND_FAILS, REFUND_LATE = "4000000000005126", "4000000000007726"
LATE, SILENT, TWICE = "9911730000000019", "9911730000000027", "9911730000000035"
BACKWARDS, LATE_DECLINE = "9911730000000043", "9911730000000050"
BROKEN, SLOW = "9911730000000068", "9911730000000076"


class GatewayCardFactory(factory.django.DjangoModelFactory[GatewayCard]):
    class Meta:
        model = GatewayCard

    brand = "visa"
    last4 = "4242"
    exp_month = 12
    exp_year = 2099
    behaviour = "success"


class PaymentMethodFactory(factory.django.DjangoModelFactory[PaymentMethod]):
    """Its token is "pm_<n>", given as `token`."""

    class Meta:
        model = PaymentMethod
        exclude = ["token"]

    token = factory.Sequence("pm_{}".format)
    token_hash = factory.LazyAttribute(lambda method: queries.hash_of(method.token))
    owner = OWNER
    card = factory.LazyFunction(lambda: str(GatewayCardFactory().pk))
    brand = "visa"
    last4 = "4242"
    exp_month = 12
    exp_year = 2099
    created_at = factory.LazyFunction(timezone.now)
    expires_at = factory.LazyAttribute(lambda method: method.created_at + timedelta(minutes=30))


def card(number: str = PAID) -> Card:
    """A card as a shopper would type it."""
    cvc = "1234" if number.startswith("37") else "123"
    return Card(number=number, exp_month=12, exp_year=datetime.now(UTC).year + 2, cvc=cvc)


def token_for(number: str = PAID, owner: str = OWNER) -> str:
    """A token for the card."""
    return calls.tokenise(owner=owner, card=card(number)).token


def say_created(order_id: UUID, token: str, **changes: Any) -> None:
    """orders: the order is placed, for 59.90 EUR."""
    now = timezone.now()
    total = str(changes.pop("total", Decimal("59.90")))
    line = {"sku": "MUG-BLUE", "title": "Mug, blue", "quantity": 1, "unit_price": total}
    placed = {
        "order_id": str(order_id),
        "number": "A-1001",
        "placed_at": now.isoformat(),
        "subject": "1",
        "owner": OWNER,
        "customer_id": None,
        "email": "ada@example.com",
        "url": "http://127.0.0.1:8080/orders/1/",
        "currency": "EUR",
        "subtotal": total,
        "discount": "0.00",
        "shipping": "0.00",
        "tax": "0.00",
        "total": total,
        "lines": [line],
        "payment_method": token,
        "cart_id": str(uuid7()),
        "cart_version": 1,
        "retry_of": None,
        "pay_before": (now + timedelta(minutes=25)).isoformat(),
    }
    emit("orders.created", placed | changes, key=order_id)


def say_reserved(order_id: UUID) -> None:
    """inventory: the order's stock is held."""
    emit("inventory.reserved", {"order_id": str(order_id), "lines": []}, key=order_id)


def say_cancelled(order_id: UUID) -> None:
    """orders: the order is void."""
    cancelled = {"order_id": str(order_id), "number": "A-1001", "by": "customer", "reason": ""}
    emit("orders.cancelled", cancelled, key=order_id)


def say_failed(order_id: UUID) -> None:
    """orders: the order ended without a sale."""
    failed = {"order_id": str(order_id), "number": "A-1001", "reason": "out_of_stock"}
    failed |= {"message": "Sold out.", "decline_code": None, "missing": []}
    emit("orders.failed", failed, key=order_id)


ENDINGS: list[Callable[[UUID], None]] = [say_cancelled, say_failed]


def payment(order_id: UUID) -> Payment:
    """The order's payment, as it is now."""
    return Payment.objects.get(order_id=order_id)
