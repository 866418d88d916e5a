"""The event that is being handled now, so that what is published meanwhile names its cause."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from uuid import UUID

from uuid_utils.compat import uuid7

from eventbus.envelope import Envelope


@dataclass(slots=True)
class Handling:
    """One run of a handler."""

    envelope: Envelope
    subscriber: str
    transactional: bool = True  # False: a call outside, whose writes stay when it is made again
    published: int = 0

    def next_event_id(self) -> UUID:
        """The id of the next event this run publishes.

        The same in every rerun (UUIDv8 from cause, subscriber and ordinal), so that no rerun can
        publish twice; but another when an operator has the event delivered again, and a new one
        during a call outside, where each publish is committed apart.
        """
        if not self.transactional:
            return uuid7()
        again = self.envelope.headers.get("redelivery", "")
        name = f"{self.envelope.event_id}:{self.subscriber}:{self.published}{again}"
        self.published += 1
        digest = int.from_bytes(hashlib.sha256(name.encode()).digest()[:16])
        digest = digest & ~(0xF << 76) | 8 << 76  # version 8: custom
        return UUID(int=digest & ~(0b11 << 62) | 0b10 << 62)  # variant of RFC 9562


_current: ContextVar[Handling | None] = ContextVar("eventbus_handling", default=None)


def current() -> Handling | None:
    """The run in progress in this thread, if any."""
    return _current.get()


@contextmanager
def handling(envelope: Envelope, subscriber: str, *, transactional: bool = True) -> Iterator[None]:
    """Let `publish` know that `subscriber` is handling `envelope`."""
    token = _current.set(Handling(envelope, subscriber, transactional))
    try:
        yield
    finally:
        _current.reset(token)
