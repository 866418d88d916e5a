"""What users does after its own answers. Once an event, in one transaction."""

from datetime import datetime
from uuid import UUID

from apps.users import operations
from eventbus import payload, subscribe


@payload
class AskedReset:
    user_id: UUID | None
    asked_at: datetime


@subscribe("users.reset_asked")
def mail_reset(asked: AskedReset) -> None:
    if asked.user_id is not None:
        operations.send_reset(user_id=asked.user_id, asked_at=asked.asked_at)
