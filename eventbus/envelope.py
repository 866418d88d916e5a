"""An event as the bus carries it: the payload and what is known about it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

# Headers about the event itself.
ERASED = "erased"  # its subject's personal data was blanked
MUTED = "muted"  # parked during a rebuild: it had had its effects outside before


class Envelope(NamedTuple):
    """One event, not yet decoded. A handler with a second parameter gets it there."""

    position: int  # in this deployment's log; grows, has gaps
    event_id: UUID
    name: str  # "orders.created"
    version: int
    source: str  # the context that published it: the name's first part
    key: str  # order is promised among events of one source and key
    payload: Mapping[str, Any]
    headers: Mapping[str, Any]  # correlation_id, causation_id, traceparent, ...
    occurred_at: datetime  # shown to people; never used for order
    subject: str = ""  # whose personal data it carries
