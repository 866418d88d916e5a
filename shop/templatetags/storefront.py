"""Template tags every template has without loading them."""

from decimal import Decimal
from typing import Any

from django import template
from django.conf import settings
from django.template import Context
from django.utils.formats import number_format
from django.utils.safestring import SafeString

from shop.storefront import fill_slot

register = template.Library()
SYMBOLS = {"EUR": "€", "GBP": "£", "USD": "$"}


@register.simple_tag(takes_context=True)
def slot(context: Context, name: str, **arguments: Any) -> SafeString:
    """`{% slot "product.buy" sku=variant.sku %}`: what other apps put there."""
    return fill_slot(context["request"], name, **arguments)


@register.inclusion_tag("told.html", takes_context=True)
def told(context: Context) -> dict[str, Any]:
    """`{% told %}`: what the shopper is to hear of what they did, once. A fragment that a script
    fetches has it in `<div id="messages" hx-swap-oob="innerHTML">`, so that it is heard there."""
    return {"messages": context["messages"]}


@register.filter
def money(amount: Decimal | str, currency: str = "") -> str:
    """`{{ order.total|money:order.currency }}`: two decimals and the currency's sign."""
    code = currency or settings.SHOP_CURRENCY
    number = number_format(Decimal(amount), decimal_pos=2, use_l10n=True, force_grouping=True)
    return f"{SYMBOLS.get(code, code + ' ')}{number}"
