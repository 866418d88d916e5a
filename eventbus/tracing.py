"""Which story an event belongs to: correlation, cause and trace, carried from cause to effect.

The trace is W3C Trace Context, level 1 (https://www.w3.org/TR/trace-context-1/). The span of an
event is the second half of its id: known from the event alone, and the same in every rerun.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from uuid import UUID

from uuid_utils.compat import uuid7

from eventbus import handling
from eventbus.envelope import Envelope

# Version ff is forbidden, and neither id may be all zeros ("traceparent Header").
TRACEPARENT = re.compile(
    r"(?!ff)(?P<version>[0-9a-f]{2})-(?!0{32})(?P<trace>[0-9a-f]{32})"
    r"-(?!0{16})(?P<span>[0-9a-f]{16})-(?P<flags>[0-9a-f]{2})(?P<more>-.*)?",
    re.DOTALL,
)
UNRECORDED = "00"  # flags of a trace begun here: whoever records it says so from then on


@dataclass(frozen=True, slots=True)
class Arrival:
    """What the request in progress brought."""

    traceparent: str
    correlation_id: str | None


_arrival: ContextVar[Arrival | None] = ContextVar("eventbus_arrival", default=None)


def parse(traceparent: object) -> str | None:
    """The header in the words of version 00; None when it is malformed: it is then ignored and
    a new trace begins ("Processing Model"). What a later version adds at the end is dropped."""
    found = TRACEPARENT.fullmatch(traceparent) if isinstance(traceparent, str) else None
    if found is None or (found["more"] and found["version"] == "00"):
        return None
    sampled = int(found["flags"], 16) & 1  # the only flag that level 1 knows
    return f"00-{found['trace']}-{found['span']}-{sampled:02x}"


@contextmanager
def arriving(*, traceparent: str | None, correlation_id: str | None = None) -> Iterator[None]:
    """While it lasts, what is published belongs to the caller's trace, and to its correlation if
    one is given; without a `traceparent`, or with a malformed one, to one new trace together."""
    arrival = Arrival(parse(traceparent) or _new(uuid7()), correlation_id)
    token = _arrival.set(arrival)
    try:
        yield
    finally:
        _arrival.reset(token)


def current() -> str | None:
    """The `traceparent` to send along with a call outside: that of the event being handled (of a
    run of several, the first), or of the request in progress; None outside of both."""
    if run := handling.current():
        return parse(run.events[0].headers.get("traceparent"))
    arrival = _arrival.get()
    return arrival.traceparent if arrival else None


def begun(event_id: UUID) -> dict[str, str]:
    """The headers of the event `event_id`, published in the request in progress, or in none."""
    arrival = _arrival.get()
    return {
        "correlation_id": (arrival and arrival.correlation_id) or str(event_id),
        "traceparent": _continued(arrival.traceparent, event_id) if arrival else _new(event_id),
    }


def caused_by(cause: Envelope, event_id: UUID) -> dict[str, str]:
    """The headers of the event `event_id`, published while `cause` was handled; of the cause's own
    they take these alone."""
    parent = parse(cause.headers.get("traceparent"))
    return {
        "correlation_id": str(cause.headers.get("correlation_id") or cause.event_id),
        "causation_id": str(cause.event_id),
        "traceparent": _continued(parent, event_id) if parent else _new(event_id),
    }


def _continued(parent: str, event_id: UUID) -> str:
    return f"{parent[:36]}{_span(event_id)}{parent[52:]}"


def _new(event_id: UUID) -> str:
    return f"00-{event_id.hex}-{_span(event_id)}-{UNRECORDED}"


def _span(event_id: UUID) -> str:
    return event_id.hex[16:]  # never all zeros: the variant's bits are in it
