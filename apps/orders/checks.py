"""System checks: settings that would break the saga are refused at start."""

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, register

from apps.orders.queries import SLOWEST_PAYMENT


@register("orders")
def check_payment_window(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:
    """The time to pay outlasts the slowest honest payment."""
    # A shorter one would cancel orders whose shopper is still typing the bank's code.
    if settings.ORDER_PAYMENT_WINDOW >= SLOWEST_PAYMENT:
        return []
    return [
        Error(
            f"ORDER_PAYMENT_WINDOW is {settings.ORDER_PAYMENT_WINDOW}; it must be at least"
            f" {SLOWEST_PAYMENT}, the gateway's time-out plus the 3-D Secure window.",
            hint="Set ORDER_PAYMENT_MINUTES to 5 or more.",
            id="orders.E001",
        )
    ]
