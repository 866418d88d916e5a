"""Mending what failed: retry, skip, edit, redeliver."""

import json
import sys
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand

from eventbus import operating
from eventbus.commands.output import add_by, misused


def add(acts: Any) -> None:
    """retry, skip, edit, redeliver"""
    parser = acts.add_parser("retry", help="try dead letters again")
    parser.add_argument("id", nargs="*", type=int, help="as `dead` lists them")
    parser.add_argument("--subscriber", help="those of this subscriber")
    parser.add_argument("--event", help="those of this event's name")
    parser.add_argument("--error", help="those with this error, ids and numbers aside")
    parser.add_argument("--all", action="store_true", help="all of them")
    add_by(parser)
    parser.set_defaults(do=retry)

    parser = acts.add_parser("skip", help="count a parked event as done, also for replays")
    parser.add_argument("id", type=int, help="as `dead` or `show` lists it")
    add_by(parser, reason=True)
    parser.set_defaults(do=skip)

    parser = acts.add_parser("edit", help="let a subscriber read something else in an event")
    parser.add_argument("id", type=int, help="as `dead` or `show` lists it")
    parser.add_argument("payload", help="JSON, or - to read it from the standard input")
    add_by(parser, reason=True)
    parser.set_defaults(do=edit)

    parser = acts.add_parser("redeliver", help="have one event handled once more, with effects")
    parser.add_argument("event", type=UUID, help="its id")
    parser.add_argument("subscriber")
    add_by(parser, reason=True)
    parser.set_defaults(do=redeliver)


def retry(
    command: BaseCommand,
    *,
    id: list[int],
    subscriber: str | None,
    event: str | None,
    error: str | None,
    all: bool,
    by: str,
    reason: str,
    **_: Any,
) -> None:
    """Dead letters by their numbers, by what they have in common, or all."""
    if all == bool(id or subscriber or event or error):
        raise misused("Say which dead letters to retry, or --all.")
    which = {"subscriber": subscriber, "event": event, "error": error}
    count = operating.retry_dead(id or None, **which, by=by, reason=reason)
    command.stdout.write(f"{count} to be tried again.")


def skip(command: BaseCommand, *, id: int, by: str, reason: str, **_: Any) -> None:
    """One parked event."""
    operating.skip(id, by=by, reason=reason)
    command.stdout.write(f"{id} is skipped; the next of its key comes forward.")


def edit(command: BaseCommand, *, id: int, payload: str, by: str, reason: str, **_: Any) -> None:
    """One parked event."""
    text = sys.stdin.read() if payload == "-" else payload
    try:
        data = json.loads(text, parse_constant=_refuse)
    except ValueError as error:
        raise misused(f"That is not JSON: {error}.") from error
    operating.edit(id, payload=data, by=by, reason=reason)
    command.stdout.write(f"{id} is edited and will be tried again.")


def _refuse(word: str) -> None:
    raise ValueError(f"{word} is no number")


def redeliver(
    command: BaseCommand, *, event: UUID, subscriber: str, by: str, reason: str, **_: Any
) -> None:
    """One event to one subscriber."""
    operating.redeliver(event, subscriber, by=by, reason=reason)
    command.stdout.write(f"{subscriber} will handle {event} once more.")
