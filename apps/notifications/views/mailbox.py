"""The development mailbox."""

from collections.abc import Callable
from functools import wraps
from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.csp import CSP
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.csp import csp_override
from django.views.decorators.http import require_safe

from apps.notifications import queries
from apps.notifications.models import MailboxMessage

View = Callable[..., HttpResponse]

# A mail may say anything: it can load nothing, run nothing and knows no cookie. Links open, and
# the styles in its elements, the only ones that mail programs leave, are shown.
MAIL_POLICY: dict[str, list[str]] = {
    "default-src": [CSP.NONE],
    "style-src-attr": [CSP.UNSAFE_INLINE],
    "frame-ancestors": [CSP.SELF],
    "sandbox": ["allow-popups", "allow-popups-to-escape-sandbox"],
}


def for_development(view: View) -> View:
    """404 unless settings.MAILBOX_PAGE."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not settings.MAILBOX_PAGE:
            raise Http404
        return view(request, *args, **kwargs)

    return guarded


@require_safe
@for_development
def mailbox(request: HttpRequest) -> HttpResponse:
    mails = queries.newest_mailbox_messages()
    return render(request, "notifications/mailbox.html", {"mails": mails})


@require_safe
@for_development
def message(request: HttpRequest, message_id: UUID) -> HttpResponse:
    """One mail: its text and its HTML side by side."""
    mail = get_object_or_404(MailboxMessage, pk=message_id)
    return render(request, "notifications/message.html", {"mail": mail})


@xframe_options_sameorigin
@csp_override(MAIL_POLICY)
@require_safe
@for_development
def message_html(request: HttpRequest, message_id: UUID) -> HttpResponse:
    """The HTML part alone, as a mail program would show it."""
    return HttpResponse(get_object_or_404(MailboxMessage, pk=message_id).html)
