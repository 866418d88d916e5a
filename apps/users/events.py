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
