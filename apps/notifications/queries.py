"""Every read of the notifications context."""

from uuid import UUID

from django.db.models import QuerySet

from apps.notifications.models import MailboxMessage, Notification, OrderInfo, Refund


def mails_of(order_id: UUID) -> QuerySet[Notification]:
    """The order's mails, oldest first."""
    return Notification.objects.filter(order_id=order_id).order_by("created_at", "id")


def order(order_id: UUID) -> OrderInfo:
    """What is known about the order; raises OrderInfo.DoesNotExist."""
    return OrderInfo.objects.get(pk=order_id)


def refunds_of(order_id: UUID) -> QuerySet[Refund]:
    """The order's refunds, the first one first."""
    return Refund.objects.filter(order_id=order_id).order_by("total_refunded")


def newest_mailbox_messages(*, limit: int = 100) -> QuerySet[MailboxMessage]:
    """The last mails that went to the development mailbox, newest first."""
    return MailboxMessage.objects.order_by("-id")[:limit]
