"""System checks: settings that would break the saga are refused at start."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, register

# The gateway's time-out (30 s) with one repetition, and 3-D Secure's window of 4 minutes: a
# shorter time to pay would cancel orders whose shopper is still typing the bank's code.
SHORTEST_PAYMENT_WINDOW = timedelta(minutes=5)


@register("orders")
def check_payment_window(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:
    """The time to pay outlasts the slowest honest payment."""
    if settings.ORDER_PAYMENT_WINDOW >= SHORTEST_PAYMENT_WINDOW:
        return []
    return [
        Error(
            f"ORDER_PAYMENT_WINDOW is {settings.ORDER_PAYMENT_WINDOW}; it must be at least"
            f" {SHORTEST_PAYMENT_WINDOW}, the gateway's time-out plus the 3-D Secure window.",
            hint="Set ORDER_PAYMENT_MINUTES to 5 or more.",
            id="orders.E001",
        )
    ]
