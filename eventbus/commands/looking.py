"""Looking: nothing is changed, nothing is locked."""

from argparse import ArgumentTypeError
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand

from eventbus import operating
from eventbus.commands.output import add_json, cell, say_json, say_next, say_table
from eventbus.operating.overview import COUNTED, Range

SLOW_SECONDS = 60
DECIDE = (
    "More about one: `eventbus show EVENT_ID`. To decide: `eventbus retry ID`, or",
    "with a --reason `eventbus edit ID JSON` or `eventbus skip ID`.",
)
TRY_GROUPS = ("A group again: `eventbus retry --error TEXT`; all: `eventbus retry --all`.",)


def add(acts: Any) -> None:
    """status, tail, dead, parked, paused, show, history"""
    parser = acts.add_parser("status", help="how far every subscriber has come")
    add_json(parser)
    parser.set_defaults(do=status)

    parser = acts.add_parser("tail", help="the newest events of the log")
    parser.add_argument("-n", type=count, default=20, help="how many (%(default)s)")
    parser.add_argument("--key", help="only this key")
    parser.add_argument("--event", help="only events of this name")
    parser.add_argument("-f", "--follow", action="store_true", help="go on as events arrive")
    add_json(parser)
    parser.set_defaults(do=tail)

    parser = acts.add_parser("dead", help="the dead letters")
    parser.add_argument("--subscriber", help="only this subscriber's")
    parser.add_argument("--event", help="only events of this name")
    parser.add_argument("--group", action="store_true", help="count them by their errors")
    add_json(parser)
    parser.set_defaults(do=dead)

    parser = acts.add_parser("parked", help="all that is set aside: failed, waiting, to be called")
    parser.add_argument("--subscriber", help="only this subscriber's")
    parser.add_argument("--event", help="only events of this name")
    parser.add_argument("-n", type=count, default=50, help="how many at most (%(default)s)")
    add_json(parser)
    parser.set_defaults(do=parked)

    parser = acts.add_parser("paused", help="what rests, since when, by whom and why")
    add_json(parser)
    parser.set_defaults(do=paused)

    parser = acts.add_parser("show", help="all that is known about one event")
    parser.add_argument("event", help="its id, or its number in the log")
    parser.add_argument("--payload", action="store_true", help="show it too: it may be personal")
    add_json(parser)
    parser.set_defaults(do=show)

    parser = acts.add_parser("history", help="what operators did, and why")
    parser.add_argument("--subscriber", help="only with this subscriber")
    parser.add_argument("--event", type=UUID, help="only with this event, by its id")
    parser.add_argument("-n", type=count, default=20, help="how many (%(default)s)")
    add_json(parser)
    parser.set_defaults(do=history)


def count(text: str) -> int:
    """A number of rows, 1 or more."""
    if not text.isdecimal() or int(text) < 1:
        raise ArgumentTypeError("1 or more is needed")
    return int(text)


def status(command: BaseCommand, *, json: bool, **_: Any) -> None:
    """One row a subscriber and range."""
    rows = operating.status()
    if json:
        say_json(command, [asdict(row) for row in rows])
    else:
        paused = any(row.paused_keys for row in rows)
        table = [_status(row, paused=paused) for row in rows]
        say_table(command, table, "Nobody subscribes to anything here.")
        say_next(command, *_next_steps(rows))


def _next_steps(rows: Sequence[Range]) -> Iterator[str]:
    """What to look at next, when there is something that a person should know of."""
    if any(row.dead for row in rows):
        yield "Dead letters need a person: `eventbus dead`, or `eventbus dead --group`."
    if any(row.parked_events > row.dead for row in rows):
        yield "What else is set aside, and until when: `eventbus parked`."
    if any(row.state == "paused" or row.paused_keys for row in rows):
        yield "Who paused what, and why: `eventbus paused`."
    if any(row.state == "running" and (row.oldest_seconds or 0) > SLOW_SECONDS for row in rows):
        yield "Behind for over a minute: does a worker run (`eventbus run`)? What does it log?"
        yield "If it is merely busy: `eventbus split NAME --into 4`, and start more workers."
    if any(row.state == "careful" for row in rows):
        yield "Careful: an event may have ended a worker; it is being found, and will be parked."
    if any(row.state == "not here" for row in rows):
        yield "Not here: renamed (`eventbus rename OLD NEW`), gone (`eventbus drop NAME`), or elsewhere."


def _status(row: Range, *, paused: bool) -> dict[str, Any]:
    age = None if row.oldest_seconds is None else timedelta(seconds=int(row.oldest_seconds))
    return {
        "subscriber": row.subscriber,
        "shards": f"{row.lo}-{row.hi - 1}",
        "behind": f"{row.behind}+" if row.behind >= COUNTED else row.behind,
        "oldest": age,
        "parked": row.parked_events,
        "keys": row.parked_keys,
        **({"paused": row.paused_keys} if paused else {}),
        "dead": row.dead,
        "state": row.state,
        "moved": _when(row.moved_at),
    }


def _when(at: datetime | None) -> str:
    """Short: the time of today, the day of before."""
    if at is None:
        return "never"
    return f"{at:%H:%M:%S}" if at.date() == datetime.now(tz=UTC).date() else f"{at:%b %d}"


def tail(
    command: BaseCommand,
    *,
    n: int,
    key: str | None,
    event: str | None,
    follow: bool,
    json: bool,
    **_: Any,
) -> None:
    """A line an event; JSON Lines for scripts."""
    shown = False
    for row in operating.tail(n, key=key, name=event, follow=follow):
        shown = True
        if json:
            say_json(command, row, indent=None)
        else:
            columns = "id", "occurred_at", "event_id", "name", "key"
            command.stdout.write("  ".join(cell(row[column]) for column in columns))
        command.stdout.flush()
    if not (shown or json):
        command.stdout.write("No such events.")


def dead(
    command: BaseCommand,
    *,
    subscriber: str | None,
    event: str | None,
    group: bool,
    json: bool,
    **_: Any,
) -> None:
    """A line a dead letter, or a group of them."""
    look = operating.dead_groups if group else operating.dead_letters
    rows = look(subscriber=subscriber, event=event)
    if json:
        say_json(command, rows)
    else:
        say_table(command, rows, "No dead letters.")
        if rows:
            say_next(command, *(TRY_GROUPS if group else DECIDE))


def parked(
    command: BaseCommand,
    *,
    subscriber: str | None,
    event: str | None,
    n: int,
    json: bool,
    **_: Any,
) -> None:
    """A line a parked event."""
    rows = operating.parked_events(subscriber=subscriber, event=event, count=n)
    if json:
        say_json(command, rows)
        return
    say_table(command, rows, "Nothing is parked.")
    if len(rows) == n:
        say_next(command, f"These are the {n} that have been parked longest; -n shows more.")


def paused(command: BaseCommand, *, json: bool, **_: Any) -> None:
    """A line a subscriber or key that rests."""
    rows = operating.paused()
    if json:
        say_json(command, rows)
        return
    say_table(command, rows, "Nothing is paused.")
    if rows:
        say_next(command, "`eventbus resume SUBSCRIBER`, or `… --key SOURCE KEY`, lets it go on.")


def show(command: BaseCommand, *, event: str, payload: bool, json: bool, **_: Any) -> None:
    """The event, what became of it at each subscriber, and what operators did with it."""
    known = operating.show(event, payload=payload)
    if json:
        say_json(command, known)
        return
    tables = known.pop("subscribers"), known.pop("interventions")
    for name, value in known.items():
        if name in ("headers", "payload"):
            command.stdout.write(f"{name}:")
            say_json(command, value)
        else:
            command.stdout.write(f"{name}: {cell(value)}")
    command.stdout.write("")
    say_table(command, tables[0], "Nobody here hears of it.")
    if tables[1]:
        command.stdout.write("")
        say_table(command, tables[1], "")


def history(
    command: BaseCommand,
    *,
    subscriber: str | None,
    event: UUID | None,
    n: int,
    json: bool,
    **_: Any,
) -> None:
    """A line an intervention, the newest first."""
    rows = operating.history(subscriber=subscriber, event_id=event, count=n)
    if json:
        say_json(command, rows)
    else:
        say_table(command, rows, "Nobody did anything.")
