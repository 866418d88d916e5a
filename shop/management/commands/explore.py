"""All orders of an order's steps: see docs/exploring.md."""

import json
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError

BOUNDS = {"crashes": "crash", "duplicates": "duplicate", "cancels": "cancel"}


class Command(BaseCommand):
    help = "Take the real handlers through every order of steps; 1 when a promise is broken."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--scenario", default="", help="default: all")
        for option in BOUNDS:
            parser.add_argument(f"--{option}", type=int, help="at most, instead of the scenario's")
        parser.add_argument("--orders", type=int, choices=(1, 2), help="only scenarios of so many")
        parser.add_argument("--mutant", default="", help="with this mistake, where it must show")
        parser.add_argument("--trace", default="", help="go this way only: steps, parted by ';'")
        parser.add_argument("--seconds", type=float, help="of the processor at most, a scenario")
        parser.add_argument("--list", action="store_true", help="name scenarios and mutants")
        parser.add_argument("--json", action="store_true", help="for programs")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            from shop.tests.explorer import exploring
        except ImportError as error:
            raise CommandError(
                f"{error}: this needs the tests and their dependencies (uv sync)."
            ) from error
        if options["list"]:
            self.stdout.write("\n".join(exploring.listed()))
            return
        bounds = {kind: options[name] for name, kind in BOUNDS.items() if options[name] is not None}
        try:
            plans = exploring.plans(
                scenario=options["scenario"],
                orders=options["orders"],
                mutant=options["mutant"],
                bounds=bounds,
            )
        except LookupError as error:
            raise CommandError(str(error)) from error
        trace = [step.strip() for step in options["trace"].split(";") if step.strip()]
        if trace and len(plans) != 1:
            raise CommandError("A trace is of one scenario: name it with --scenario or --mutant.")
        broken = False
        for plan in plans:
            try:
                found = exploring.explore(plan, trace=trace, seconds=options["seconds"])
            except LookupError as error:
                raise CommandError(f"There is no such step: {error}") from error
            broken |= bool(found.broken)
            bounds = dict(plan.scenario.budget)
            told = json.dumps({"name": plan.name, "bounds": bounds, **asdict(found)})
            self.stdout.write(told if options["json"] else "\n".join(exploring.told(plan, found)))
        if broken:
            raise SystemExit(1)
