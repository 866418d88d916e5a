"""Cancel the orders that are stuck now, without waiting for the bus to do it."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.orders import operations, queries


class Command(BaseCommand):
    help = (
        "Cancel the orders that are in progress long after their time to pay; what they hold and"
        " have paid goes back. The bus does the same every five minutes. After it has stood still,"
        " let it catch up first: an order whose payment it has yet to read counts as not paid."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="only list them")
        parser.add_argument("--json", action="store_true", help="for scripts")
        parser.add_argument("--limit", type=int, default=1000, help="orders at most (1000)")

    def handle(self, *, dry_run: bool, json: bool, limit: int, **_: Any) -> None:
        """Fails when an order could not be cancelled."""
        if limit < 1:
            raise CommandError("--limit is 1 or more.")
        if dry_run:
            stuck = queries.stuck_orders()[:limit]
            self._tell({"stuck": [str(order.pk) for order in stuck]}, as_json=json)
            return
        swept = operations.sweep_orders(limit=limit)
        done = {
            "cancelled": list(map(str, swept.cancelled)),
            "failed": list(map(str, swept.failed)),
        }
        self._tell(done, as_json=json)
        if swept.failed:
            raise CommandError("Some orders could not be cancelled; the log says why.")

    def _tell(self, found: dict[str, list[str]], *, as_json: bool) -> None:
        if as_json:
            self.stdout.write(json.dumps(found))
            return
        for what, orders in found.items():
            self.stdout.write(f"{len(orders)} {what}")
            self.stdout.writelines(f"  {order}\n" for order in orders)
