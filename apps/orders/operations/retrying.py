"""Paying a failed order again, as a new one."""

from uuid import UUID

from django.db import IntegrityError, transaction

from apps.orders import queries
from apps.orders.access import customer_of
from apps.orders.models import Order
from apps.orders.operations.beginning import Placed, begin

COPIED = (  # from a failed order to its retry
    *("owner", "customer_id", "email", "name", "line1", "line2", "city", "postcode", "country"),
    *("currency", "subtotal", "discount", "coupon", "shipping", "shipping_method", "shipping_tax"),
    *("tax", "total", "cart_id", "cart_version"),
)


@transaction.atomic
def retry_order(*, order_id: UUID, payment_method: str, owner: str | None = None) -> Placed:
    """Pay a FAILED order again: a new order with its lines, address and prices, announced in the
    same commit. A second call gives the first one's order.

    It is `owner`'s, who entered the card (a guest may have signed in since, or have opened the
    mail's link elsewhere); without one, the failed order's owner's. Whose personal data it carries
    does not change, but that of a guest becomes the customer's who signed in.

    Raises NotRetryable unless it FAILED, RetryTooLate when its coupon is not kept for it any more
    and CartBeingOrdered when its cart was ordered since; then nothing is written or announced.
    """
    if retried := queries.retry_of(order_id):
        return Placed(order=retried, created=False)
    failed = Order.objects.get(pk=order_id)
    queries.ensure_retryable(failed)
    queries.ensure_no_live_order(failed.cart_id)
    copied = {name: getattr(failed, name) for name in COPIED}
    order = Order(**copied, retry_of=order_id, payment_method=payment_method)
    order.owner = owner or failed.owner
    order.customer_id = failed.customer_id or customer_of(order.owner)
    try:
        return Placed(order=begin(order, list(failed.lines.all())), created=True)
    except IntegrityError:  # another request was faster by a moment
        if retried := queries.retry_of(order_id):
            return Placed(order=retried, created=False)
        queries.ensure_no_live_order(failed.cart_id)
        raise
