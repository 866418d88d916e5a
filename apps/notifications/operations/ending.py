"""Links in mails that were sent or are not good any more leave the log."""

from uuid import UUID

from django.db import transaction

from apps.notifications.models import Notification

State = Notification.State


@transaction.atomic
def expire_mail(*, notification_id: UUID) -> None:
    """The mail's link is not good any more: it is not sent, and what it says is wiped.

    An attempt that runs or whose outcome is unknown keeps its state; it is the last one.
    """
    late = Notification.objects.filter(pk=notification_id, expires_at__isnull=False)
    late.update(text="", html="")
    waiting = late.filter(state__in=[State.REQUESTED, State.FAILED])
    waiting.update(state=State.EXPIRED)
