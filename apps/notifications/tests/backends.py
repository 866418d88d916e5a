"""Mail servers that behave badly."""

import smtplib

from django.core.mail.backends.base import BaseEmailBackend
from django.db import connection

from apps.notifications.models import Notification


class Unreachable(BaseEmailBackend):
    def open(self):
        raise ConnectionRefusedError("Connection refused")


class Refusing(BaseEmailBackend):
    def send_messages(self, email_messages):
        refused = dict.fromkeys(email_messages[0].to, (550, b"no such user"))
        raise smtplib.SMTPRecipientsRefused(refused)


class HangingUp(BaseEmailBackend):
    """Takes the mail, perhaps, and says nothing."""

    def send_messages(self, email_messages):
        raise smtplib.SMTPServerDisconnected("Connection unexpectedly closed")

    def close(self):
        raise smtplib.SMTPServerDisconnected("please run connect() first")


class Watching(BaseEmailBackend):
    """Notes how the database looked when the mail was handed over."""

    seen = []

    def send_messages(self, email_messages):
        states = list(Notification.objects.values_list("state", flat=True))
        self.seen.append((states, connection.in_atomic_block))
        return len(email_messages)


class Recording(BaseEmailBackend):
    """Notes what is done with it, and does with a mail what `unlucky` says for its recipient."""

    did = []
    unlucky = {}

    def open(self):
        self.did.append("open")

    def close(self):
        self.did.append("close")

    def send_messages(self, email_messages):
        (recipient,) = email_messages[0].to
        self.did.append(recipient)
        if recipient in self.unlucky:
            raise self.unlucky[recipient]
        return 1


class Impatient(Recording):
    """A mail server that hangs up after two mails."""

    def open(self):
        super().open()
        self.connection = Line()

    def send_messages(self, email_messages):
        self.connection.mails += 1
        return super().send_messages(email_messages)


class Line(smtplib.SMTP):
    mails = 0

    def noop(self):
        if self.mails == 2:
            raise smtplib.SMTPServerDisconnected("Connection unexpectedly closed")
        return 250, b"OK"
