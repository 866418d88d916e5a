from datetime import timedelta

from apps.orders.checks import check_payment_window


def test_the_time_to_pay_outlasts_the_slowest_payment(settings):
    assert check_payment_window(None) == []
    settings.ORDER_PAYMENT_WINDOW = timedelta(minutes=4)
    [error] = check_payment_window(None)
    assert error.id == "orders.E001"
    assert "must be at least 0:05:00" in error.msg
