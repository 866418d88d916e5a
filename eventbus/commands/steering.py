"""Steering subscribers: pause, resume, split, merge, drop, rename, start."""

import signal
import sys
from functools import partial
from typing import Any

from django.core.management.base import BaseCommand

from eventbus import operating
from eventbus.commands.output import a_place, add_by, several
from eventbus.operating.ranges import MERGE_SECONDS, for_workers
from eventbus.positions import Where


def add(acts: Any) -> None:
    """pause, resume, split, merge, drop, rename, start"""
    for name, words in (("pause", "begin nothing new"), ("resume", "go on after a pause")):
        parser = acts.add_parser(name, help=f"let a subscriber, or one key of it, {words}")
        parser.add_argument("subscriber")
        parser.add_argument(
            "--key", nargs=2, metavar=("SOURCE", "KEY"), help="only this key of this source"
        )
        add_by(parser)
        parser.set_defaults(do=partial(pause_or_resume, act=name))

    parser = acts.add_parser("split", help="let more workers read for a subscriber at once")
    parser.add_argument("subscriber")
    parser.add_argument("--into", type=int, required=True, help="ranges in all, 1 to 256")
    add_by(parser)
    parser.set_defaults(do=split)

    parser = acts.add_parser("merge", help="let fewer workers read for a subscriber at once")
    parser.add_argument("subscriber")
    parser.add_argument("--into", type=int, default=1, help="ranges in all (%(default)s)")
    parser.add_argument(
        "--wait", type=float, default=MERGE_SECONDS, help="for the workers, seconds (%(default)s)"
    )
    add_by(parser)
    parser.set_defaults(do=merge)

    parser = acts.add_parser("drop", help="forget a subscriber that the code has no more")
    parser.add_argument("subscriber")
    parser.add_argument("--force", action="store_true", help="lose its parked events")
    add_by(parser, reason=True)
    parser.set_defaults(do=drop)

    parser = acts.add_parser("rename", help="let a subscriber go on under the name it has now")
    parser.add_argument("old")
    parser.add_argument("new")
    add_by(parser)
    parser.set_defaults(do=rename)

    parser = acts.add_parser("start", help="say where a subscriber that is new begins")
    parser.add_argument("subscriber")
    parser.add_argument(
        "at", type=a_place, help="beginning, now, a time with its zone, or an event's id"
    )
    add_by(parser)
    parser.set_defaults(do=start)


def pause_or_resume(
    command: BaseCommand,
    *,
    act: str,
    subscriber: str,
    key: list[str] | None,
    by: str,
    reason: str,
    **_: Any,
) -> None:
    """A subscriber, or one key of it."""
    if key:
        on_key = operating.pause_key if act == "pause" else operating.resume_key
        on_key(subscriber, *key, by=by, reason=reason)
    else:
        on_all = operating.pause if act == "pause" else operating.resume
        on_all(subscriber, by=by, reason=reason)
    what = f"{' '.join(key)} of {subscriber}" if key else subscriber
    command.stdout.write(f"{what} {'rests' if act == 'pause' else 'goes on'}.")


def split(
    command: BaseCommand, *, subscriber: str, into: int, by: str, reason: str, **_: Any
) -> None:
    """Into so many ranges in all."""
    operating.split(subscriber, into=into, by=by, reason=reason)
    command.stdout.write(f"{subscriber} has {several(into, 'range')}.")


def merge(
    command: BaseCommand,
    *,
    subscriber: str,
    into: int,
    wait: float,
    by: str,
    reason: str,
    **_: Any,
) -> None:
    """Into so many ranges in all, when the workers have brought them to one position."""
    before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # tidy up as after Ctrl-C
    try:
        workers = partial(for_workers, seconds=wait)
        operating.merge(subscriber, into=into, by=by, reason=reason, wait=workers)
    finally:
        signal.signal(signal.SIGTERM, before)
    command.stdout.write(f"{subscriber} has {several(into, 'range')}.")


def drop(
    command: BaseCommand, *, subscriber: str, force: bool, by: str, reason: str, **_: Any
) -> None:
    """All that the bus knows of it."""
    lost = operating.drop(subscriber, force=force, by=by, reason=reason)
    command.stdout.write(f"{subscriber} is forgotten, with {lost} parked events.")


def rename(command: BaseCommand, *, old: str, new: str, by: str, reason: str, **_: Any) -> None:
    """Everything under the old name is under the new one."""
    operating.rename(old, new, by=by, reason=reason)
    command.stdout.write(f"{new} goes on where {old} stood.")


def start(
    command: BaseCommand, *, subscriber: str, at: Where, by: str, reason: str, **_: Any
) -> None:
    """Before it reads anything."""
    operating.start(subscriber, at, by=by, reason=reason)
    command.stdout.write(f"{subscriber} begins at {at}.")
