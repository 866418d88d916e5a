"""Carts as JSON, and what is said to them."""

from typing import Any

from django.conf import settings
from django.core.validators import validate_slug
from rest_framework import serializers

from apps.cart.models import MOST
from apps.cart.operations import SignedQuote
from apps.cart.queries import Contents, Line
from apps.cart.rates import COUNTRIES, Method


class Units(serializers.IntegerField):
    """A whole number; neither text nor true nor 2.0 is one."""

    def to_internal_value(self, data: Any) -> int:
        if type(data) is not int:
            self.fail("invalid")
        return data


class AddSerializer(serializers.Serializer[Any]):
    sku = serializers.CharField(max_length=40, validators=[validate_slug])
    quantity = Units(min_value=1, max_value=MOST, default=1)


class QuantitySerializer(serializers.Serializer[Any]):
    quantity = Units(min_value=0, max_value=MOST)


class DeliverySerializer(serializers.Serializer[Any]):
    country = serializers.ChoiceField(choices=list(COUNTRIES))
    shipping_method = serializers.ChoiceField(
        choices=[method.value for method in Method], default=Method.STANDARD.value
    )


def cart_json(cart: Contents, *, notices: list[str] | None = None) -> dict[str, Any]:
    """The cart; `notices` say where a change gave less than was asked for."""
    return {
        "lines": [line_json(line) for line in cart.lines],
        "count": cart.count,
        "subtotal": str(cart.subtotal),
        "currency": settings.SHOP_CURRENCY,
        "notices": notices or [],
    }


def line_json(line: Line) -> dict[str, Any]:
    return {
        "sku": line.sku,
        "title": line.title,
        "url": line.url,
        "picture": line.picture,
        "quantity": line.quantity,
        "unit_price": str(line.unit_price),
        "total": str(line.total),
        "currency": settings.SHOP_CURRENCY,
        "available": line.available,
        "problem": line.problem or None,
    }


def quote_json(signed: SignedQuote) -> dict[str, Any]:
    quote = signed.quote
    return {
        "quote": signed.token,
        "lines": [
            {
                "sku": line.sku,
                "title": line.title,
                "quantity": line.quantity,
                "unit_price": str(line.unit_price),
                "total": str(line.unit_price * line.quantity),
            }
            for line in quote.lines
        ],
        "subtotal": str(quote.subtotal),
        "discount": str(quote.discount),
        "shipping": str(quote.shipping),
        "shipping_method": quote.shipping_method,
        "tax": str(quote.tax),
        "total": str(quote.total),
        "currency": quote.currency,
        "country": quote.country,
        "expires_at": quote.expires_at.isoformat(),
    }
