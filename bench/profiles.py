"""Where the time of one worker goes."""

import pstats
from pathlib import Path

from bench.database import Database
from bench.drains import until_idle
from bench.packages import print_packages
from bench.workload import SUBSCRIBERS

LINES = 25


def profile(database: Database, kind: str, events: int, folder: Path) -> None:
    """Print the profile of a worker that works a backlog off, by package and by function."""
    plain = until_idle(database, kind, events)
    file = str(folder / "profile")
    until_idle(database, kind, events, profile=file)
    each = 1e6 / plain["deliveries"]
    print(
        f"{kind}: {plain['deliveries'] / SUBSCRIBERS / plain['seconds']:,.0f} events/s;"
        f" a delivery takes {plain['seconds'] * each:.0f} us, of it {plain['cpu'] * each:.0f} us"
        " CPU of this process (the rest is PostgreSQL and waiting); then, under cProfile:"
    )
    stats = pstats.Stats(file)
    print_packages(stats)
    stats.sort_stats("tottime").print_stats(LINES)
