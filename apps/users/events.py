"""What the users context tells the world. Fields are only ever added; see docs/events.md."""

from uuid import UUID

from eventbus import Personal, event


@event("users.registered", version=1, subject="subject")
class UserRegistered:
    """Somebody signed up."""

    user_id: UUID
    subject: str  # the user's id
    email: Personal[str]
