"""The event that is being handled now, so that what is published meanwhile names its cause."""

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from uuid import UUID

from uuid_utils.compat import uuid7

from eventbus.envelope import Envelope
from eventbus.errors import AmbiguousCause


@dataclass(slots=True)
class Handling:
    """One run of a handler."""

    events: Sequence[Envelope]
    subscriber: str
    transactional: bool = True  # False: a call outside, whose writes stay when it is made again
    muted: Counter[str] | None = None  # counts what would have been published, in a rebuild
    published: Counter[UUID] = field(default_factory=Counter)  # by cause
    by_id: dict[UUID, Envelope] = field(init=False)
    by_key: dict[str, Envelope] = field(init=False)  # of two sources, the first

    def __post_init__(self) -> None:
        self.by_id = {event.event_id: event for event in self.events}
        self.by_key = {event.key: event for event in reversed(self.events)}

    def cause(self, key: str, named: Envelope | None) -> Envelope:
        """The event that an event of `key` is published because of: the one of the run that is
        named, the only one, or the one of the same key; raises AmbiguousCause."""
        if named is not None:
            if named.event_id not in self.by_id:  # ids are derived from it: they would be doubled
                raise AmbiguousCause
            return named
        if len(self.events) == 1:
            return self.events[0]
        if key not in self.by_key:
            raise AmbiguousCause
        return self.by_key[key]

    def next_event_id(self, cause: Envelope) -> UUID:
        """The id of the next event that this run publishes because of `cause`.

        The same in every rerun (UUIDv8 from cause, subscriber and ordinal), so that no rerun can
        publish twice; but another when an operator has the event delivered again, and a new one
        during a call outside, where each publish is committed apart.
        """
        if not self.transactional:
            return uuid7()
        ordinal = self.published[cause.event_id]
        self.published[cause.event_id] = ordinal + 1
        name = f"{cause.event_id}:{self.subscriber}:{ordinal}"
        if again := cause.headers.get("redelivery"):
            name += f":{again}"
        digest = int.from_bytes(hashlib.sha256(name.encode()).digest()[:16])
        digest = digest & ~(0xF << 76) | 8 << 76  # version 8: custom
        return UUID(int=digest & ~(0b11 << 62) | 0b10 << 62)  # variant of RFC 9562


_current: ContextVar[Handling | None] = ContextVar("eventbus_handling", default=None)


def current() -> Handling | None:
    """The run in progress in this thread, if any."""
    return _current.get()


@contextmanager
def handling(
    events: Sequence[Envelope],
    subscriber: str,
    *,
    transactional: bool = True,
    muted: Counter[str] | None = None,
) -> Iterator[None]:
    """Let `publish` know that `subscriber` is handling `events`."""
    token = _current.set(Handling(events, subscriber, transactional, muted))
    try:
        yield
    finally:
        _current.reset(token)
