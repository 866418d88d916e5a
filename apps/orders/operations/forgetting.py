"""What was typed at a checkout that nobody went on with must not stay for ever."""

from django.contrib.sessions.models import Session
from django.utils import timezone

AT_ONCE = 500  # forgotten in one statement, so that others can write in between


def forget_drafts() -> int:
    """Drop some of the sessions that have ended, and with them the checkouts that were left; says
    how many. Nobody can come back to one, and Django by itself keeps its row."""
    ended = Session.objects.filter(expire_date__lt=timezone.now()).order_by("expire_date")
    keys = list(ended.values_list("pk", flat=True)[:AT_ONCE])
    return Session.objects.filter(pk__in=keys).delete()[0]
