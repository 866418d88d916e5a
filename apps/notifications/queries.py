"""Every read of the notifications context."""

from collections.abc import Iterable
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery
from django.utils import timezone

from apps.notifications.models import (
    OPTIONAL,
    MailboxMessage,
    Notification,
    OptOut,
    OrderInfo,
    Refund,
)


def mails_of(order_id: UUID) -> QuerySet[Notification]:
    """The order's mails, oldest first."""
    return Notification.objects.filter(order_id=order_id).order_by("created_at", "id")


def mails(**wanted: UUID | str) -> QuerySet[Notification]:
    """The mails whose fields are as wanted, without what they say."""
    return Notification.objects.filter(**wanted).defer("text", "html")


def held_mails() -> QuerySet[Notification]:
    """Those that a person has to decide about."""
    return Notification.objects.filter(state=Notification.State.HELD)


def with_order_number(mails: QuerySet[Notification]) -> QuerySet[Notification]:
    """The mails, each with the number that people call its order by as `order_number`."""
    orders = OrderInfo.objects.filter(pk=OuterRef("order_id"))
    return mails.annotate(order_number=Subquery(orders.values("number")[:1]))


def of_number(mails: QuerySet[Notification], number: str) -> QuerySet[Notification]:
    """Those about the order with that number, in any case."""
    orders = OrderInfo.objects.filter(number__iexact=number)
    return mails.filter(order_id__in=orders.values("pk"))


def known_order(order_id: UUID | None) -> OrderInfo | None:
    """What is known about the order, or None."""
    return OrderInfo.objects.filter(pk=order_id).first() if order_id else None


def known_orders(order_ids: Iterable[UUID]) -> dict[UUID, OrderInfo]:
    """What is known about those of the orders that are, by id."""
    return OrderInfo.objects.in_bulk(set(order_ids))


def written(kind: str, occasions: Iterable[UUID]) -> QuerySet[Notification, tuple[UUID, str]]:
    """The mails of the kind that there are for the occasions: (occasion, recipient) of each."""
    mails = Notification.objects.filter(kind=kind, occasion__in=set(occasions))
    return mails.values_list("occasion", "recipient")


def existing(notification_ids: Iterable[UUID]) -> set[UUID]:
    """Those of the ids that there are mails of."""
    mails = Notification.objects.filter(pk__in=list(notification_ids))
    return set(mails.values_list("pk", flat=True))


def is_wanted(*, kind: str, whose: str) -> bool:
    """Whether the person gets mails of the kind. Most kinds everybody gets."""
    return not refusing(kind, [whose])


def refusing(kind: str, people: Iterable[str]) -> set[str]:
    """Those of the people who do without mails of the kind."""
    if kind not in OPTIONAL:
        return set()
    refused = OptOut.objects.filter(whose__in=set(people), kind=kind)
    return set(refused.values_list("whose", flat=True))


def worth_sending(mails: QuerySet[Notification]) -> QuerySet[Notification]:
    """Those that are wanted and whose time is not over."""
    refused = OptOut.objects.filter(whose=OuterRef("whose"), kind=OuterRef("kind"))
    in_time = Q(expires_at=None) | Q(expires_at__gt=timezone.now())
    return mails.filter(in_time).exclude(Exists(refused))


def preferences(whose: str) -> dict[str, bool]:
    """The optional kinds, and whether the person gets each."""
    refused = set(OptOut.objects.filter(whose=whose).values_list("kind", flat=True))
    return {kind.value: kind.value not in refused for kind in OPTIONAL}


def refunds_of(order_ids: Iterable[UUID]) -> QuerySet[Refund]:
    """The orders' refunds, of each the first one first."""
    return Refund.objects.filter(order_id__in=set(order_ids)).order_by("total_refunded")


def newest_mailbox_messages(*, limit: int = 100) -> QuerySet[MailboxMessage]:
    """The last mails that went to the development mailbox, newest first."""
    return MailboxMessage.objects.order_by("-id")[:limit]
