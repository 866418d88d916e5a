"""Cutting a batch into runs: what one call of a handler takes.

A plain handler takes one event. A batch handler takes as many as it can without an event moving
past another of its source and key, and never two of the same in one run.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from eventbus.envelope import Envelope
from eventbus.registry import Handler


@dataclass(slots=True)
class Run:
    """Events for one call of one handler."""

    handler: Handler
    muted: bool  # they take no effect outside: see `Rebuild`
    events: list[Envelope] = field(default_factory=list)
    last: int = -1  # the place in the batch of its last event


def cut(
    events: Iterable[Envelope], handlers: Mapping[str, Handler], muted: frozenset[int]
) -> list[Run]:
    """The runs, in the order to make them."""
    runs: list[Run] = []
    open_runs: dict[tuple[int, bool, bool, bool], int] = {}  # the newest run of each batch handler
    latest: dict[tuple[str, str], int] = {}  # the run that has the newest event of a key
    for place, event in enumerate(events):
        handler, mute = handlers[event.name], event.position in muted
        # By the function: one that handles several names in the same way takes them together.
        kind = id(handler.function), handler.external, handler.skip_erased, mute
        identity = event.source, event.key
        takes_several = handler.batch or handler.external  # a call is only parked: all at once
        number = open_runs.get(kind, -1) if takes_several else -1
        if number <= latest.get(identity, -1):
            number = len(runs)
            runs.append(Run(handler, mute))
            open_runs[kind] = number
        latest[identity] = number
        runs[number].events.append(event)
        runs[number].last = place
    return runs
