"""The event that is being handled now, so that what is published meanwhile names its cause."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from contextvars import ContextVar
from functools import cached_property
from uuid import UUID

from uuid_utils.compat import uuid7

from eventbus.envelope import Envelope
from eventbus.errors import AmbiguousCause


class Handling:
    """One run of a handler; as a context, `publish` knows of it meanwhile."""

    def __init__(
        self,
        events: Sequence[Envelope],
        subscriber: str,
        *,
        transactional: bool = True,
        muted: Counter[str] | None = None,
    ) -> None:
        self.events = events
        self.subscriber = subscriber
        self.transactional = transactional  # False: a call outside; its writes stay if made again
        self.muted = muted  # counts what would have been published, in a rebuild

    def __enter__(self) -> None:
        self._before = _current.set(self)

    def __exit__(self, *_: object) -> None:
        _current.reset(self._before)

    # Most runs publish nothing: what only that needs is made when it is needed.
    @cached_property
    def published(self) -> Counter[UUID]:
        """How many events, by cause."""
        return Counter()

    @cached_property
    def by_id(self) -> dict[UUID, Envelope]:
        return {event.event_id: event for event in self.events}

    @cached_property
    def by_key(self) -> dict[str, Envelope]:
        """Of two sources, the first."""
        return {event.key: event for event in reversed(self.events)}

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
