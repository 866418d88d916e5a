"""The bus's past: replay, republish, prune, erase."""

from dataclasses import asdict
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand

from eventbus import erasure, retention, wakeup
from eventbus import replay as rebuild
from eventbus import republishing as telling
from eventbus.commands.output import (
    a_place,
    add_by,
    add_json,
    misused,
    say_json,
    say_table,
    several,
)
from eventbus.positions import Where

MOST_DAYS = 36_500  # further back than that databases and Python disagree about dates


def add(acts: Any) -> None:
    """replay, republish, prune, erase"""
    parser = acts.add_parser("replay", help="rebuild a subscriber from the past")
    parser.add_argument("subscriber")
    parser.add_argument(
        "--from", dest="where", required=True, type=a_place, metavar="WHERE",
        help="beginning, now, a time with its zone, or an event's id",
    )  # fmt: skip
    parser.add_argument("--dry-run", action="store_true", help="do it, say what, and undo it")
    add_json(parser)
    add_by(parser)
    parser.set_defaults(do=replay)

    parser = acts.add_parser("republish", help="tell a state afresh, for readers that are new")
    parser.add_argument("name", help="of the event")
    parser.add_argument("--key", action="append", help="only this one; may be said again")
    parser.set_defaults(do=republish)

    parser = acts.add_parser("prune", help="drop what is old and everybody has read")
    parser.add_argument("--days", type=float, help="older than that (the setting retention_days)")
    parser.add_argument("--dry-run", action="store_true", help="only say how much")
    add_json(parser)
    parser.set_defaults(do=prune)

    parser = acts.add_parser("erase", help="blank a person's data wherever the bus keeps it")
    parser.add_argument("subject", help="as events name it")
    add_by(parser)
    parser.set_defaults(do=erase)


def replay(
    command: BaseCommand,
    *,
    subscriber: str,
    where: Where,
    dry_run: bool,
    json: bool,
    by: str,
    reason: str,
    **_: Any,
) -> None:
    """Rebuild it, or say what that would do."""
    if dry_run:
        _say_trial(command, rebuild.dry_run(subscriber, where), json)
        return
    ranges = rebuild.replay(subscriber, where, by=by, reason=reason)
    if json:
        say_json(command, {"subscriber": subscriber, "ranges": ranges})
    else:
        command.stdout.write(f"{subscriber} reads again, in {several(ranges, 'range')}.")


def _say_trial(command: BaseCommand, trial: rebuild.Trial, json: bool) -> None:
    if json:
        say_json(command, asdict(trial))
        return
    command.stdout.write(f"{trial.events} events would be handled, {trial.waiting} would wait.")
    for what, times in sorted(trial.muted.items()):
        command.stdout.write(f"Not {what} again: {times}.")
    if trial.calls:
        command.stdout.write(f"Called for the first time: {trial.calls}.")
    for failure in trial.failures:
        command.stdout.write(f"Failed: {failure}")


def republish(command: BaseCommand, *, name: str, key: list[str] | None, **_: Any) -> None:
    """Tell the state of these keys, or of all."""
    count = telling.republish(name, key)
    wakeup.ring()
    command.stdout.write(f"{name} published for {several(count, 'key')}.")


def prune(command: BaseCommand, *, days: float | None, dry_run: bool, json: bool, **_: Any) -> None:
    """Drop it, or say how much, and who keeps what is old enough."""
    if days is not None and not 0 <= days <= MOST_DAYS:  # nan is neither
        raise misused(f"How old an event must be is 0 to {MOST_DAYS} days.")
    window = retention.window() if days is None else timedelta(days=days)
    if window is None:
        raise misused("retention_days is 0, which keeps everything: say --days.")
    count = retention.prunable(window) if dry_run else retention.prune(window)
    kept_by = [asdict(blocker) for blocker in retention.blocked_by(window)]
    if json:
        say_json(command, {"dry run": dry_run, "events": count, "kept by": kept_by})
        return
    command.stdout.write(f"{count} events {'would go' if dry_run else 'are gone'}.")
    say_table(command, kept_by, "Nobody has yet to read what is older.")


def erase(command: BaseCommand, *, subject: str, by: str, reason: str, **_: Any) -> None:
    """Blank it, now and whenever it arrives."""
    try:
        count = erasure.erase(subject, by=by, reason=reason)
    except ValueError as error:
        raise misused(str(error)) from error
    command.stdout.write(f"{subject} is erased; {count} events were blanked.")
