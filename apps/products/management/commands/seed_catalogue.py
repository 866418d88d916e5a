"""Add products in bulk, to measure with. Refused in production."""

import random
import time
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.products import queries
from apps.products.seed import seed as add


class Command(BaseCommand):
    help = f"{__doc__} Other contexts are told nothing: see eventbus republish products.changed."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--products", type=int, default=1_000_000, help="default: a million")
        parser.add_argument("--seed", type=int, default=1, help="the same seed, the same products")

    def handle(self, *args: Any, products: int, seed: int, **options: Any) -> None:
        if settings.PRODUCTION:
            raise CommandError("This fills the catalogue with nonsense: never in production.")
        begun, told = time.monotonic(), 0.0
        for done in add(products, draw=random.Random(seed)):
            passed = time.monotonic() - begun
            if passed - told >= 5 or done == products:
                told = passed
                left = passed / done * (products - done)
                self.stdout.write(f"{done:,} of {products:,} in {passed:.0f} s, {left:.0f} s to go")
        self.stdout.write(f"{queries.listed():,} products are listed.")
