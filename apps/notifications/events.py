"""What the notifications context tells the world. Fields are only ever added; see docs/events.md."""

from uuid import UUID

from eventbus import event


@event("notifications.requested", version=1)
class NotificationRequested:
    """A mail is to be sent: notifications' own external step."""

    notification_id: UUID
    kind: str
    order_id: UUID | None


@event("notifications.sent", version=1)
class NotificationSent:
    """The mail server took the mail."""

    notification_id: UUID
    kind: str  # "order_confirmed", "order_failed", "order_cancelled", ...
    order_id: UUID | None


@event("notifications.link_expired", version=1, private=True)
class LinkExpired:
    """The link in a mail is not good any more (scheduled when the mail is written)."""

    notification_id: UUID
