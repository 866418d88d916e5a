"""Operating the bus. The sub-commands are in eventbus/commands, by theme."""

from argparse import ArgumentParser
from collections.abc import Callable
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError, ProgrammingError

from eventbus.commands import contracts, history, looking, mending, running, steering
from eventbus.errors import BusError

THEMES = (running, looking, mending, steering, history, contracts)


class Command(BaseCommand):
    help = "Run and operate the event bus."
    requires_system_checks = []  # made below, but not before what mends their errors

    def add_arguments(self, parser: ArgumentParser) -> None:
        acts = parser.add_subparsers(dest="act", required=True)
        for theme in THEMES:
            theme.add(acts)

    def handle(self, *args: Any, do: Callable[..., None], **options: Any) -> None:
        """What the bus refuses is an error of the command: one sentence, exit code 1."""
        if do is not contracts.contracts:
            self.check()
        try:
            do(self, **options)
        except BusError as error:
            raise CommandError(str(error)) from error
        except (OperationalError, ProgrammingError) as error:
            # Away, out of reach, or without the bus's tables: a person needs no traceback of that.
            raise CommandError(
                f"The database failed: {error} (Is it there, and migrated?)"
            ) from error
