"""Carts as JSON, and what is said to them."""

from typing import Any

from django.conf import settings
from django.core.validators import validate_slug
from rest_framework import serializers

from apps.cart.models import MOST, MOST_LINES
from apps.cart.operations import Again, SignedQuote
from apps.cart.queries import Change, Contents, Line
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
    always_whole = True  # for the API's description: PATCH, too, needs it
    quantity = Units(min_value=0, max_value=MOST)


class LineSerializer(serializers.Serializer[Any]):
    sku = serializers.CharField(max_length=40, validators=[validate_slug])
    quantity = Units(min_value=1, max_value=MOST)


class AgainSerializer(serializers.Serializer[Any]):
    lines = serializers.ListField(child=LineSerializer(), min_length=1, max_length=MOST_LINES)


class CouponSerializer(serializers.Serializer[Any]):
    code = serializers.CharField(max_length=40)


class AcceptSerializer(serializers.Serializer[Any]):
    changes_id = serializers.CharField(max_length=64)


class DeliverySerializer(serializers.Serializer[Any]):
    """Where to and how; with `coupon`, that code is put into the cart first (null: taken out)."""

    country = serializers.ChoiceField(choices=list(COUNTRIES))
    shipping_method = serializers.ChoiceField(
        choices=[method.value for method in Method], default=Method.STANDARD.value
    )
    coupon = serializers.CharField(max_length=40, required=False, allow_null=True, allow_blank=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        country = COUNTRIES[attrs["country"]]
        if attrs["shipping_method"] not in country.methods:
            message = f"That is not offered in {country.name}."
            raise serializers.ValidationError({"shipping_method": [message]})
        return attrs


def cart_json(cart: Contents, *, notices: list[str] | None = None) -> dict[str, Any]:
    """The cart; `notices` say where a change gave less than was asked for."""
    return {
        "lines": [line_json(line) for line in cart.lines],
        "count": cart.count,
        "subtotal": str(cart.subtotal),
        "currency": settings.SHOP_CURRENCY,
        "coupon": cart.coupon or None,
        "notices": notices or [],
        **changes_json(cart),
    }


def changes_json(cart: Contents) -> dict[str, Any]:
    """What has to be accepted before the cart is quoted, and what to accept it by."""
    return {
        "changes": [change_json(change) for change in cart.changes],
        "changes_id": cart.changes_id or None,
    }


def change_json(change: Change) -> dict[str, Any]:
    """`before` and `now` are amounts (text) of a "price", else units (numbers)."""
    price = change.kind == "price"
    return {
        "sku": change.sku,
        "title": change.title,
        "kind": change.kind,
        "before": str(change.before) if price else change.before,
        "now": str(change.now) if price else change.now,
    }


def again_json(cart: Contents, result: Again, notices: list[str]) -> dict[str, Any]:
    """The cart; what was `added`, with the units that are in the cart now, and what is `missing`,
    with the reason."""
    less = [put.told for put in result.added if put.notice]
    return {
        **cart_json(cart, notices=[*notices, *less]),
        "added": [{"sku": put.sku, "quantity": put.quantity} for put in result.added],
        "missing": [
            {"sku": lack.sku, "title": lack.title, "reason": lack.reason} for lack in result.missing
        ],
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
                "discount": str(line.discount),
                "tax_rate": str(line.tax_rate),
                "tax": str(line.tax),
            }
            for line in quote.lines
        ],
        "subtotal": str(quote.subtotal),
        "coupon": quote.coupon,
        "discount": str(quote.discount),
        "shipping": str(quote.shipping),
        "shipping_method": quote.shipping_method,
        "shipping_tax": str(quote.shipping_tax),
        "tax": str(quote.tax),
        "total": str(quote.total),
        "currency": quote.currency,
        "country": quote.country,
        "expires_at": quote.expires_at.isoformat(),
    }


def delivery_json() -> list[dict[str, Any]]:
    """Every country that we send to, with what that costs and the tax there."""
    return [
        {
            "country": code,
            "name": country.name,
            "tax": {name: str(percent) for name, percent in country.tax.items()},
            "methods": [
                {
                    "shipping_method": method.value,
                    "name": method.label,
                    "price": str(rate.price),
                    "free_over": None if rate.free_over is None else str(rate.free_over),
                    "currency": settings.SHOP_CURRENCY,
                }
                for method, rate in country.methods.items()
            ],
        }
        for code, country in COUNTRIES.items()
    ]
