"""Whether the stock is what its history says: `manage.py check_stock [--json]`; exit code 1 if not."""

import json
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from apps.inventory import queries


class Command(BaseCommand):
    help = (
        "Check that every article's units on hand are the sum of its ledger, that its held units"
        " are the sum of its open holds, and that every sold or restocked line is in the ledger."
        " Exit code 1 when something is not so."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="for programs")

    def handle(self, **options: Any) -> None:
        found = queries.contradictions()
        if options["json"]:
            self.stdout.write(json.dumps([each.as_json() for each in found], indent=2))
        else:
            for each in found:
                self.stdout.write(str(each))
            count = queries.stock_levels().count()
            self.stdout.write(f"{count} articles checked, {len(found)} contradictions.")
        if found:
            sys.exit(1)
