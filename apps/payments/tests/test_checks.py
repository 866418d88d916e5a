"""Settings that would break the saga are refused at start."""

from datetime import timedelta
from typing import Any

from apps.payments.checks import check_payment_window, check_windows


def test_the_time_to_pay_outlasts_a_silent_gateway_and_a_challenge(settings: Any) -> None:
    assert check_payment_window(None) == []
    settings.GATEWAY_TIMEOUT = timedelta(seconds=30)
    settings.CHALLENGE_WINDOW = timedelta(minutes=10)

    settings.ORDER_PAYMENT_WINDOW = timedelta(minutes=10, seconds=30)
    [error] = check_payment_window(None)
    assert error.id == "payments.E001"
    assert "CHALLENGE_MINUTES" in error.hint

    settings.ORDER_PAYMENT_WINDOW = timedelta(minutes=10, seconds=31)
    assert check_payment_window(None) == []


def test_no_time_at_all_is_no_window(settings: Any) -> None:
    assert check_windows(None) == []
    settings.CHALLENGE_WINDOW = timedelta(0)
    assert [error.id for error in check_windows(None)] == ["payments.E002"]
