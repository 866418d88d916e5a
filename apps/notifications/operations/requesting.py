"""Asking for mails: each is written once, when the thing happens, and sent by a step of its own.
Many at once; one is a batch of one."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Protocol
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from apps.notifications import mails, queries
from apps.notifications.events import LinkExpired, NotificationRequested
from apps.notifications.models import FOR_STAFF, Notification, OrderInfo, Refund
from eventbus import publish

Kind, State = Notification.Kind, Notification.State
# What orders.created tells, beside the lines.
TOLD = ["number", "email", "subject", "url", "coupon"]
TOLD += ["discount", "shipping", "tax", "total", "currency"]


class Line(Protocol):
    """An ordered article."""

    @property
    def title(self) -> str: ...
    @property
    def quantity(self) -> int: ...
    @property
    def unit_price(self) -> Decimal: ...
    @property
    def discount(self) -> Decimal: ...
    @property
    def tax(self) -> Decimal: ...


class PlacedOrder(Protocol):
    """An order as it was placed."""

    @property
    def order_id(self) -> UUID: ...
    @property
    def number(self) -> str: ...
    @property
    def email(self) -> str: ...
    @property
    def subject(self) -> str: ...
    @property
    def url(self) -> str: ...
    @property
    def lines(self) -> Sequence[Line]: ...
    @property
    def discount(self) -> Decimal: ...
    @property
    def shipping(self) -> Decimal: ...
    @property
    def tax(self) -> Decimal: ...
    @property
    def total(self) -> Decimal: ...
    @property
    def currency(self) -> str: ...
    @property
    def coupon(self) -> str | None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """What a mail about an order is about."""

    order_id: UUID
    occasion: UUID | None = None  # of what may happen again, the event; else the order
    facts: Mapping[str, Any] = field(default_factory=dict)  # beside what is known of the order


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A mail that is wanted, not written yet."""

    occasion: UUID
    recipient: str
    facts: Mapping[str, Any]
    order_id: UUID | None = None
    whose: str = ""
    expires_at: datetime | None = None

    @property
    def identity(self) -> tuple[UUID, str]:
        """There is one mail of a kind with it."""
        return self.occasion, self.recipient


@transaction.atomic(savepoint=False)
def remember_orders(orders: Sequence[PlacedOrder]) -> None:
    """Keep what mails about the orders will say.

    Refunds that were heard of before are mailed now. Said again, as in a rebuild, it fills in
    what an older version of this did not keep.
    """
    rows = {order.order_id: _remembered(order) for order in orders}
    OrderInfo.objects.bulk_create(
        [rows[order_id] for order_id in sorted(rows)],  # one order of locks
        update_conflicts=True,
        unique_fields=["order_id"],
        update_fields=["lines", *TOLD],
    )
    _mail_refunds(rows)


def _remembered(order: PlacedOrder) -> OrderInfo:
    told = {name: getattr(order, name) for name in TOLD} | {"coupon": order.coupon or ""}
    lines = [_plain(line) for line in order.lines]
    return OrderInfo(order_id=order.order_id, lines=lines, **told)


def _plain(line: Line) -> dict[str, Any]:
    amounts = {name: str(getattr(line, name)) for name in ("unit_price", "discount", "tax")}
    return {"title": line.title, "quantity": line.quantity, **amounts}


@transaction.atomic(savepoint=False)
def record_refunds(refunds: Iterable[Refund]) -> None:
    """Mail that money went back, at once or as soon as the order is known; `refunds` are not
    saved yet."""
    rows = sorted(refunds, key=lambda refund: refund.event_id)
    Refund.objects.bulk_create(rows, ignore_conflicts=True)
    _mail_refunds(queries.known_orders(refund.order_id for refund in rows))


def _mail_refunds(orders: Mapping[UUID, OrderInfo]) -> None:
    news = [
        News(order_id=refund.order_id, occasion=refund.event_id, facts={"refund": refund})
        for refund in queries.refunds_of(orders)
    ]
    if news:
        _write(Kind.PAYMENT_REFUNDED, [_to_customer(orders[each.order_id], each) for each in news])


@transaction.atomic(savepoint=False)
def mail_orders(*, kind: str, news: Sequence[News]) -> int:
    """Write a mail about each order to its customer and ask for them to be sent, in one commit;
    says how many. There is one mail for a kind and occasion, however often this is called.

    When a recipient does without the kind, that is noted and nothing is sent. Raises
    OrderInfo.DoesNotExist when one of the orders is not known; then nothing is written.
    """
    orders = queries.known_orders(each.order_id for each in news)
    if unknown := {each.order_id for each in news} - orders.keys():
        raise OrderInfo.DoesNotExist(f"Not known yet: {sorted(map(str, unknown))}")
    return _write(kind, [_to_customer(orders[each.order_id], each) for each in news])


def _to_customer(order: OrderInfo, news: News) -> Letter:
    return Letter(
        occasion=news.occasion or order.pk,
        recipient=order.email,
        facts={**news.facts, "order": order},
        order_id=order.pk,
        whose=order.subject,
    )


@transaction.atomic(savepoint=False)
def mail_account(
    *, kind: str, occasion: UUID, whose: str, recipient: str, facts: Mapping[str, Any]
) -> int:
    """The same to somebody about their account. When `facts` has an `expires_at`, what the mail
    says is wiped as soon as it was sent or that time has come, and it is not sent later."""
    letter = Letter(
        occasion=occasion,
        recipient=recipient,
        facts={"email": recipient, **facts},
        whose=whose,
        expires_at=facts.get("expires_at"),
    )
    return _write(kind, [letter])


@transaction.atomic(savepoint=False)
def mail_staff(
    *, kind: str, occasion: UUID, facts: Mapping[str, Any], order_id: UUID | None = None
) -> int:
    """The same to each address of STAFF_MAIL. An order that it is about need not be known yet.
    Its link, which opens it to whoever has it, is the customer's alone."""
    order = queries.known_order(order_id)
    facts = {**facts, "number": order.number if order else str(order_id)}
    letters = [
        Letter(occasion=occasion, recipient=address, facts=facts, order_id=order_id)
        for address in settings.STAFF_MAIL
    ]
    return _write(kind, letters)


def _write(kind: str, letters: Iterable[Letter]) -> int:
    """Five statements at most, however many letters; of two who write the same one, the first to
    commit has, by its unique row."""
    wanted = {letter.identity: letter for letter in letters}
    for identity in queries.written(kind, [occasion for occasion, _ in wanted]):
        wanted.pop(identity, None)  # without writing it a second time
    if not wanted:
        return 0
    refusing = queries.refusing(kind, {letter.whose for letter in wanted.values()})
    rows = [_written(kind, letter, refusing) for letter in wanted.values()]
    in_order = sorted(rows, key=lambda row: (row.occasion, row.recipient))  # one order of locks
    Notification.objects.bulk_create(in_order, ignore_conflicts=True)
    new = queries.existing(row.pk for row in rows)
    for row in rows:
        if row.pk in new and row.state == State.REQUESTED:
            _request(row)
    return len(new)


def _written(kind: str, letter: Letter, refusing: Collection[str]) -> Notification:
    mail = mails.write(kind, whose=letter.whose, facts=letter.facts)
    row = Notification(
        kind=kind,
        occasion=letter.occasion,
        order_id=letter.order_id,
        whose=letter.whose,
        recipient=letter.recipient,
        expires_at=letter.expires_at,
        subject=mail.subject,
        text=mail.text,
        html=mail.html,
    )
    if letter.whose in refusing:
        row.state = State.SKIPPED
    elif letter.expires_at is not None and letter.expires_at <= timezone.now():
        row.state, row.text, row.html = State.EXPIRED, "", ""
    return row


def _request(notification: Notification) -> None:
    publish(request_of(notification), key=_key(notification))
    if notification.expires_at is not None:
        late = LinkExpired(notification_id=notification.pk)
        publish(late, key=expiry_key(notification.pk), at=notification.expires_at)


def request_of(notification: Notification) -> NotificationRequested:
    """The event that has the mail sent."""
    return NotificationRequested(
        notification_id=notification.pk, kind=notification.kind, order_id=notification.order_id
    )


def expiry_key(notification_id: UUID) -> str:
    """Not the mail's own: the end must not wait behind an attempt that has become a dead letter."""
    return f"expiry:{notification_id}"


def _key(notification: Notification) -> UUID:
    """Mails to an order's customer leave in the order of what happened; others wait for nobody."""
    if notification.kind in FOR_STAFF or notification.order_id is None:
        return notification.pk
    return notification.order_id
