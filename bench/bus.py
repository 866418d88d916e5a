"""What the bus reaches, with the goals beside: `uv run python -m bench.bus [--quick]`.

On a real PostgreSQL with fsync and synchronous_commit on, everything on this machine. A figure is
the median of interleaved rounds, a ratio the median of the rounds' ratios: each reference
(pgbench on bare SQL: R1 for handling, P1 for publishing) ran seconds before what it is compared
with. Absolute figures move with the machine and its neighbours; the ratios are what counts.

    python -m bench.bus --quick --only publish     one measurement, small: half a minute
    python -m bench.bus --only drain noop          two of them, in full
    python -m bench.bus --markdown                 the table of docs/bus-measured.md in the end
    python -m bench.bus --sqlite                   SQLite instead, beside PostgreSQL
    python -m bench.bus --profile raw              where the time of a worker goes
"""

import argparse
import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import django

from shop.tests.servers import Postgres, postgres

SERVER = ("shared_buffers=1GB", "max_wal_size=4GB", "deadlock_timeout=100ms")
SETTINGS = ("fsync", "synchronous_commit", "shared_buffers", "max_wal_size", "deadlock_timeout")
PROFILED = ("orm", "raw", "batch", "noop")
QUICK = {
    **{"rounds": 1, "seconds": 1.0, "orm": 1_500, "raw": 3_000, "batch": 8_000, "noop": 3_000},
    **{"latency": 3.0, "old": 50_000, "idle": 5.0},
}
FULL = {
    **{"rounds": 3, "seconds": 2.0, "orm": 3_000, "raw": 8_000, "batch": 30_000, "noop": 10_000},
    **{"latency": 6.0, "old": 1_000_000, "idle": 30.0},
}


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", nargs="+", metavar="NAME", help="these measurements")
    parser.add_argument("--quick", action="store_true", help="small sizes, one round")
    parser.add_argument("--rounds", type=int, help="default 3, with --quick 1")
    parser.add_argument("--old", type=int, help="events in the full log, default 1,000,000")
    parser.add_argument("--markdown", action="store_true", help="the table of the docs at the end")
    parser.add_argument("--sqlite", action="store_true", help="SQLite, beside PostgreSQL")
    parser.add_argument("--unprepared", action="store_true", help="as behind a pooler")
    parser.add_argument("--profile", choices=PROFILED, help="where a worker's time goes")
    return parser.parse_args()


def main() -> None:
    options = arguments()
    os.environ["DJANGO_SETTINGS_MODULE"] = "bench.settings"
    os.environ["DATABASE_PREPARE"] = "0" if options.unprepared else "1"
    with postgres(durable=True, options=SERVER) as server, tempfile.TemporaryDirectory() as folder:
        os.environ["DATABASE_URL"] = server.url
        django.setup()
        run(options, server, Path(folder))


def run(options: argparse.Namespace, server: Postgres, folder: Path) -> None:
    from bench.beside import held, poison
    from bench.database import Database
    from bench.figures import Row, table
    from bench.measures import MEASURES, Bench, Sizes
    from bench.pgbench import Reference
    from bench.profiles import profile
    from bench.sqlite import SQLITE_MEASURES

    chosen = {name: getattr(options, name) for name in ("rounds", "old") if getattr(options, name)}
    sizes = Sizes(**(QUICK if options.quick else FULL) | chosen)
    fresh = Database("fresh", server.new_database())
    print(facts(fresh.rows), flush=True)
    if options.profile:
        profile(fresh, options.profile, sizes.noop, folder)
        return
    bench = Bench(
        fresh=fresh,
        sizes=sizes,
        new_database=lambda alias: Database(alias, server.new_database()),
        reference=Reference(fresh.url, sizes.seconds),
    )
    if options.sqlite:
        bench.new_database = lambda alias: Database(alias, f"sqlite:///{folder}/{alias}.sqlite3")
    measures = SQLITE_MEASURES if options.sqlite else {**MEASURES, "held": held, "poison": poison}
    missing = set(options.only or ()) - set(measures)
    if missing:
        sys.exit(f"There is no {', '.join(sorted(missing))}: choose of {', '.join(measures)}.")
    rows: list[Row] = []
    for name in options.only or measures:
        began = time.perf_counter()
        print(f"\n{name}", flush=True)
        for row in measures[name](bench):
            print(f"  {row}", flush=True)
            rows.append(row)
        print(f"  ({time.perf_counter() - began:.0f} s)", flush=True)
    complaints = [line for line in bench.complaints if line.strip()]
    missed = sum(row.met is False for row in rows)
    print(f"\n{missed} missed. The processes logged {len(complaints)} lines.")
    for line in sorted(set(complaints), key=complaints.index)[:20]:
        print(f"  {line}")
    if options.markdown:
        print(f"\n{facts(fresh.rows)}\n\n{table(rows)}")


def facts(ask: Callable[[str], list[tuple[Any, ...]]]) -> str:
    """Where and on what this was measured."""
    shown = {name: ask(f"SHOW {name}")[0][0] for name in ("server_version", *SETTINGS)}
    shown |= {"cpus": os.cpu_count(), "python": platform.python_version()}
    shown |= {name: version(name) for name in ("django", "psycopg")}
    shown["prepared"] = "no" if os.environ["DATABASE_PREPARE"] == "0" else "yes"
    return "  ".join(f"{name} {value}" for name, value in shown.items())


if __name__ == "__main__":
    main()
