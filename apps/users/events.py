"""What the users context tells the world. Fields are only ever added; see docs/events.md."""

from datetime import datetime
from uuid import UUID

from eventbus import Personal, event


@event("users.registered", version=1, subject="subject")
class UserRegistered:
    """Somebody signed up."""

    user_id: UUID
    subject: str  # the user's id
    email: Personal[str]


@event("users.email_changed", version=1, subject="subject")
class EmailChanged:
    """Somebody is reached under another address from now on. The old one should be told."""

    user_id: UUID
    subject: str  # the user's id
    email: Personal[str]  # the new one
    previous: Personal[str]


@event("users.password_changed", version=1, subject="subject")
class PasswordChanged:
    """Somebody has a new password, and every sign-in with the old one is over."""

    user_id: UUID
    subject: str  # the user's id
    email: Personal[str]
    url: str  # absolute; where to ask for another one, if somebody else did this


# The two that follow carry a secret, the link, because a mail is written from them and users
# keeps only its hash. That is bearable for three reasons: it is good once and for a short while,
# so that what lies in a log or on a topic is soon worth nothing; a newer one, a new password or
# another address ends it at once; and whoever reads the log could read the mail as well.
@event("users.verification_requested", version=1, subject="subject")
class VerificationRequested:
    """Somebody has to show that the address is theirs, by following a link."""

    user_id: UUID
    subject: str  # the user's id
    email: Personal[str]
    name: Personal[str]  # may be empty
    url: Personal[str]  # absolute; good once
    expires_at: datetime


@event("users.password_reset_requested", version=1, subject="subject")
class PasswordResetRequested:
    """Somebody asked for a link to set a new password. Told only of addresses that have an account."""

    user_id: UUID
    subject: str  # the user's id
    email: Personal[str]
    name: Personal[str]  # may be empty
    url: Personal[str]  # absolute; good once
    expires_at: datetime


@event("users.reset_asked", version=1, private=True)
class ResetAsked:
    """Somebody asked for a new password for some address. Published whether it has an account or
    not, so that the answer takes the same work for both."""

    user_id: UUID | None  # None: nobody has that address
    asked_at: datetime
