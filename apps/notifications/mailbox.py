"""A mail backend for development: mails go to a table, and to a page that shows it.

`EMAIL_BACKEND = "apps.notifications.mailbox.MailboxBackend"`. The page, `/notifications/mailbox/`,
is there only when `MAILBOX_PAGE` is set: it shows everybody's mail to anybody.
"""

from collections.abc import Sequence

from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

from apps.notifications.models import MailboxMessage


class MailboxBackend(BaseEmailBackend):
    """Keeps mails instead of sending them."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        for message in email_messages:
            MailboxMessage.objects.create(
                sender=message.from_email,
                recipients=", ".join(message.recipients()),
                subject=str(message.subject),
                text=str(message.body),
                html=_html_of(message),
            )
        return len(email_messages)


def _html_of(message: EmailMessage) -> str:
    alternatives = getattr(message, "alternatives", [])
    return next((part.content for part in alternatives if part.mimetype == "text/html"), "")
