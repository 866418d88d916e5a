"""Handing mails to the mail server, and knowing afterwards whether it has it.

A connection that cannot be opened and a server that says no are failures that may be tried
again. Anything else while the mail is being handed over leaves it open whether the server took
it; plain SMTP has no key to ask by, so such a mail is never sent again by a machine.
"""

import smtplib
from contextlib import suppress
from typing import Self

from django.core.mail import EmailMessage, get_connection
from django.core.mail.backends.base import BaseEmailBackend


class DeliveryFailed(Exception):
    """The mail server did not say that it took the mail."""

    reason = ""  # in the server's own words, which may hold an address: for staff, not for logs


class NotDelivered(DeliveryFailed):
    """The mail server certainly does not have the mail: it may be tried again."""


class OutcomeUnknown(DeliveryFailed):
    """Whether the mail server has the mail is unknown."""


class MailServer:
    """A connection to the mail server for several mails, opened with the first of them.

    Each is handed over by itself, so that its outcome is known. Servers hang up on who has sent
    many: before each further mail a mail server is asked whether it still listens, and connected
    to anew when it does not, for a mail that meets a closed line would count as unknown.
    """

    def __init__(self) -> None:
        self._connection: BaseEmailBackend | None = None
        self._unreachable: Exception | None = None
        self.is_lost = False  # broken off with a mail under way: hand over nothing more

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._say_goodbye()

    def deliver(self, message: EmailMessage) -> None:
        """Hand the mail over. Raises NotDelivered, at once when it could not be reached before, or
        OutcomeUnknown; their text, which goes into the bus's tables and logs, holds no address."""
        connection = self._connect()
        try:
            connection.send_messages([message])
        except (smtplib.SMTPResponseException, smtplib.SMTPRecipientsRefused) as refusal:
            raise _told(NotDelivered, refusal) from None
        except Exception as error:
            self.is_lost = True
            raise _told(OutcomeUnknown, error) from None

    def _connect(self) -> BaseEmailBackend:
        if self._connection and not _listens(self._connection):
            self._say_goodbye()
        if self._unreachable:
            raise _told(NotDelivered, self._unreachable)
        if self._connection is None:
            connection = get_connection()
            try:
                connection.open()
            except Exception as error:
                self._unreachable = error
                raise _told(NotDelivered, error) from None
            self._connection = connection
        return self._connection

    def _say_goodbye(self) -> None:
        if self._connection:
            with suppress(OSError):  # the mails are in or not: a failed QUIT changes nothing
                self._connection.close()
        self._connection = None


def _listens(connection: BaseEmailBackend) -> bool:
    smtp = getattr(connection, "connection", None)
    if not isinstance(smtp, smtplib.SMTP):
        return True  # another way of sending, which has its own ways
    try:
        return smtp.noop()[0] == 250
    except OSError:  # smtplib's errors are some
        return False


def _told[Failure: DeliveryFailed](kind: type[Failure], error: Exception) -> Failure:
    code = getattr(error, "smtp_code", None)
    failure = kind(f"{type(error).__name__}{f' {code}' if code else ''}")
    failure.reason = f"{type(error).__name__}: {error}"
    return failure
