"""Handing a mail to the mail server, and knowing afterwards whether it has it.

A connection that cannot be opened and a server that says no are failures that may be tried
again. Anything else while the mail is being handed over leaves it open whether the server took
it; plain SMTP has no key to ask by, so such a mail is never sent again by a machine.
"""

import smtplib
from contextlib import suppress

from django.core.mail import EmailMessage, get_connection
from django.core.mail.backends.base import BaseEmailBackend

from eventbus import Reject


class DeliveryFailed(Exception):
    """The mail server did not say that it took the mail."""

    reason = ""  # in the server's own words, which may hold an address: for staff, not for logs


class NotDelivered(DeliveryFailed):
    """The mail server certainly does not have the mail: it may be tried again."""


class OutcomeUnknown(DeliveryFailed, Reject):
    """Whether the mail server has the mail is unknown. Look into its log, then let it be or
    resend the notification in the admin."""


def deliver(message: EmailMessage) -> None:
    """Hand the mail over. Raises NotDelivered or OutcomeUnknown, whose text, which goes into
    the bus's tables and logs, holds no address."""
    connection = get_connection()
    try:
        connection.open()
    except Exception as error:
        raise _told(NotDelivered, error) from None
    try:
        connection.send_messages([message])
    except (smtplib.SMTPResponseException, smtplib.SMTPRecipientsRefused) as refusal:
        raise _told(NotDelivered, refusal) from None
    except Exception as error:
        raise _told(OutcomeUnknown, error) from None
    finally:
        _say_goodbye(connection)


def _say_goodbye(connection: BaseEmailBackend) -> None:
    with suppress(OSError):  # the mail is in or it is not: a failed QUIT changes nothing
        connection.close()


def _told[Failure: DeliveryFailed](kind: type[Failure], error: Exception) -> Failure:
    code = getattr(error, "smtp_code", None)
    failure = kind(f"{type(error).__name__}{f' {code}' if code else ''}")
    failure.reason = f"{type(error).__name__}: {error}"
    return failure
