"""`just chaos --seed N --seconds S [--only F4,F5] [--json FILE] [--keep FOLDER]`."""

import argparse
import json
import os
import random
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

import django

from shop.tests.processes import outer_environment


def main() -> int:
    options = parse()
    for name in os.environ.keys() - outer_environment().keys():
        del os.environ[name]  # the shop that is broken is nobody's but ours
    os.environ["DJANGO_SETTINGS_MODULE"] = "shop.settings"
    django.setup()
    from bench.chaos.faults import chosen
    from bench.chaos.report import table
    from bench.chaos.run import chaos

    faults = chosen(options.only)
    if not faults:
        print(f"no fault has a number of {options.only}", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="chaos-") as scratch:
        folder = options.keep or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        report = chaos(
            seed=options.seed,
            seconds=options.seconds,
            faults=faults,
            folder=folder,
            pace=options.pace,
        )
    print(table(report))
    if options.json:
        options.json.write_text(json.dumps(asdict(report), indent=1, ensure_ascii=False) + "\n")
    return 1 if report.violations else 0


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="just chaos", description=__doc__)
    parser.add_argument("--seed", type=int, default=random.randrange(10_000))
    parser.add_argument("--seconds", type=float, default=120, help="of load; at least one round")
    parser.add_argument("--pace", type=float, default=1, help="of the time that each fault lasts")
    parser.add_argument("--only", default="", help="numbers of faults, parted by commas")
    parser.add_argument("--json", type=Path, help="a file for the figures")
    parser.add_argument("--keep", type=Path, help="a folder for the logs and the history")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
