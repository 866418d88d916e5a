import factory
from uuid_utils.compat import uuid7

from apps.notifications import operations
from apps.notifications.models import Notification
from eventbus.models import Parked
from eventbus.testing import emit

URL = "http://127.0.0.1:8080/orders/1/?token=secret"
CREATED = {
    "number": "HP-4711",
    "placed_at": "2026-11-22T10:00:00+00:00",
    "subject": "5f0c",
    "owner": "cart:00",
    "customer_id": None,
    "email": "ada@example.com",
    "url": URL,
    "currency": "EUR",
    "subtotal": "34.50",
    "discount": "0.00",
    "shipping": "4.90",
    "tax": "6.29",
    "total": "39.40",
    "lines": [
        {"sku": "TEA-1", "title": "Tea & Co", "quantity": 3, "unit_price": "8.50"},
        {"sku": "CUP-1", "title": "Cup", "quantity": 1, "unit_price": "9.00"},
    ],
    "payment_method": "pm_1",
    "cart_id": "0190aaaa-0000-7000-8000-000000000001",
    "cart_version": 1,
    "retry_of": None,
    "pay_before": "2026-11-22T10:30:00+00:00",
}
MORE = {
    "orders.confirmed": {},
    "orders.failed": {
        "reason": "payment_declined",
        "message": "Your card has insufficient funds.",
        "decline_code": "insufficient_funds",
        "missing": [],
    },
    "orders.cancelled": {"by": "customer", "reason": ""},
    "orders.shipped": {"carrier": "DHL", "tracking": "JD0146"},
    "orders.delivered": {},
}


def place(order_id=None, **change):
    """orders.created of an order; returns its id."""
    order_id = order_id or uuid7()
    emit("orders.created", CREATED | change | {"order_id": str(order_id)}, key=order_id)
    return order_id


def tell(name, order_id, **change):
    """Another event of orders' about the order."""
    facts = {"order_id": str(order_id), "number": "HP-4711"}
    emit(name, facts | MORE[name] | change, key=order_id)


def refund(order_id, amount, total):
    """payments.refunded."""
    facts = {"amount": amount, "total_refunded": total, "currency": "EUR"}
    return emit("payments.refunded", {"order_id": str(order_id), **facts}, key=order_id)


USER = "0190aaaa-0000-7000-8000-000000000002"
LINK = "http://127.0.0.1:8080/users/verify/a-secret/"
ACCOUNT = {
    "users.verification_requested": {"name": "Ada", "url": LINK, "expires_at": "2099-01-02T03:04Z"},
    "users.password_reset_requested": {
        "name": "Ada",
        "url": "http://127.0.0.1:8080/users/reset/a-secret/",
        "expires_at": "2099-01-02T03:04Z",
    },
    "users.email_changed": {"email": "new@example.com", "previous": "ada@example.com"},
    "users.password_changed": {"url": "http://127.0.0.1:8080/users/reset/"},
}


def tell_of_account(name, /, **change):
    """An event of users' about the account of USER."""
    who = {"user_id": USER, "subject": USER, "email": "ada@example.com"}
    return emit(name, who | ACCOUNT[name] | change, key=USER)


def back_in_stock(**change):
    """products.back_in_stock, to somebody who waits."""
    facts = {
        "waiting_id": str(uuid7()),
        "sku": "TEA-1",
        "title": "Tea & Co",
        "url": "http://127.0.0.1:8080/products/tea/?sku=TEA-1",
        "subject": "5f0c",
        "email": "ada@example.com",
        "leave_url": "http://127.0.0.1:8080/products/waiting/leave/a-token/",
    } | change
    return emit("products.back_in_stock", facts, key=facts["waiting_id"])


def low_stock(sku="TEA-1", available=2):
    return emit(
        "inventory.low_stock", {"sku": sku, "available": available, "threshold": 3}, key=sku
    )


def refund_failed(order_id):
    facts = {"amount": "10.00", "currency": "EUR", "message": "The card is closed."}
    return emit("payments.refund_failed", {"order_id": str(order_id), **facts}, key=order_id)


class NotificationFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Notification

    kind = Notification.Kind.ORDER_CONFIRMED
    order_id = factory.LazyFunction(uuid7)
    occasion = factory.SelfAttribute("order_id")
    recipient = "ada@example.com"
    subject = "Order HP-4711 is confirmed"
    text = "Thank you."
    html = "<p>Thank you.</p>"


def parked():
    """Our own exceptions: with other contexts installed, they have theirs."""
    return Parked.objects.filter(subscriber="notifications")


def send(notification_id, *, event_id=None):
    """Have one mail sent, as a batch of one, for an event that asks for it (by default another each
    time); raises what it failed with."""
    (result,) = operations.send([(notification_id, event_id or uuid7())])
    if isinstance(result, Exception):
        raise result
    return result
