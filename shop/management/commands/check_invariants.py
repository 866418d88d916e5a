"""Whether the shop keeps its promises: `manage.py check_invariants`; exit code 1 if not.
See docs/invariants.md."""

import json
import os
import select
import signal
import sys
from argparse import ArgumentParser
from collections.abc import Callable
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from shop.invariants import Report, check, metrics
from shop.invariants.catalogue import INVARIANTS
from shop.invariants.violation import Violation


class Command(BaseCommand):
    help = (
        "Check the invariants I1 to I18 in the tables, in one snapshot. What an event under way may"
        " still mend is left out. Exit code 1 when something does not hold."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="for programs")
        parser.add_argument(
            "--list", action="store_true", help="say what they are, and check nothing"
        )
        parser.add_argument(
            "--watch",
            type=float,
            metavar="SECONDS",
            help="check again and again until SIGINT or SIGTERM, and tell what has changed",
        )
        moment = parser.add_mutually_exclusive_group()
        moment.add_argument(
            "--always", action="store_true", help="only what holds at any instant; not for /metrics"
        )
        moment.add_argument(
            "--at-rest", action="store_true", help="the bus has nothing to do: leave nothing out"
        )

    def handle(self, **options: Any) -> None:
        if options["list"]:
            self._list(as_json=options["json"])
        elif options["watch"] is None:
            self._once(options)
        elif options["watch"] <= 0:
            raise CommandError("--watch needs more than 0 seconds.")
        else:
            self._watch(options)

    def _once(self, options: dict[str, Any]) -> None:
        report = _look(options)
        if options["json"]:
            self.stdout.write(json.dumps(_as_json(report), indent=2))
        else:
            for violation in report.violations:
                self.stdout.write(str(violation))
            for left_out in report.not_checked:
                self.stdout.write(f"not checked: {left_out} is not all in this deployment")
            self.stdout.write(f"{len(INVARIANTS)} invariants, {len(report.violations)} violations.")
        if report.violations:
            sys.exit(1)

    def _watch(self, options: dict[str, Any]) -> None:
        """The exit code is that of the last check: 1 when something was broken then."""
        told_to_end = _await_signals()
        known: dict[Violation, None] | None = None
        ending = False
        while not ending:
            found = dict.fromkeys(_look(options).violations)
            self._tell_changes(known, found, as_json=options["json"])
            known = found
            ending = told_to_end(options["watch"])
        if known:
            sys.exit(1)

    def _tell_changes(
        self, known: dict[Violation, None] | None, found: dict[Violation, None], *, as_json: bool
    ) -> None:
        if known is None and not found:
            self._tell("all hold", None, as_json=as_json)
        for violation in found:
            if violation not in (known or {}):
                self._tell("broken", violation, as_json=as_json)
        for violation in known or {}:
            if violation not in found:
                self._tell("mended", violation, as_json=as_json)

    def _tell(self, change: str, violation: Violation | None, *, as_json: bool) -> None:
        if as_json:
            told = violation.as_json() if violation else {}
            self.stdout.write(json.dumps({"change": change, **told}))
        else:
            self.stdout.write(f"{change}: {violation}" if violation else change)
        self.stdout.flush()

    def _list(self, *, as_json: bool) -> None:
        if as_json:
            fields = ("name", "says", "when", "stands_on")
            rows = [{name: getattr(each, name) for name in fields} for each in INVARIANTS]
            self.stdout.write(json.dumps(rows, indent=2))
            return
        for each in INVARIANTS:
            self.stdout.write(f"{each.name} ({each.when}): {each.says}")
            self.stdout.write(f"    Under it: {each.stands_on or 'no constraint can say it'}.")


def _look(options: dict[str, Any]) -> Report:
    report = check(at_rest=not options["always"], under_way=options["at_rest"])
    if not options["always"]:
        metrics.record(report)
    return report


def _as_json(report: Report) -> dict[str, Any]:
    return {
        "violations": [each.as_json() for each in report.violations],
        "not_checked": report.not_checked,
    }


def _await_signals() -> Callable[[float], bool]:
    """Waits for so many seconds at most; whether the process has been told to end, until then or
    before. No lock is in it: a handler would wait for one that the thread it interrupts holds."""
    read, write = os.pipe()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: os.write(write, b"."))
    return lambda seconds: bool(select.select([read], [], [], seconds)[0])
