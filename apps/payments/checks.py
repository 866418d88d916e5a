"""System checks: settings that would break the saga are refused at start."""

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, register


@register("payments")
def check_payment_window(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:
    """The time to pay outlasts the slowest honest payment: a silent gateway, then a challenge."""
    longest = settings.GATEWAY_TIMEOUT + settings.CHALLENGE_WINDOW
    if longest < settings.ORDER_PAYMENT_WINDOW:
        return []
    return [
        Error(
            f"ORDER_PAYMENT_WINDOW is {settings.ORDER_PAYMENT_WINDOW}; it must be longer than"
            f" {longest}, the gateway's time-out plus the time for 3-D Secure.",
            hint="Raise ORDER_PAYMENT_MINUTES, or lower CHALLENGE_MINUTES.",
            id="payments.E001",
        )
    ]


@register("payments")
def check_windows(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:
    """A window that is no time at all fails every payment."""
    if min(settings.GATEWAY_TIMEOUT, settings.CHALLENGE_WINDOW).total_seconds() > 0:
        return []
    return [
        Error(
            "GATEWAY_TIMEOUT_SECONDS and CHALLENGE_MINUTES must be above zero.",
            id="payments.E002",
        )
    ]
