"""Where the time of one worker goes."""

import pstats
from collections import Counter
from pathlib import Path

from bench.database import Database
from bench.drains import until_idle
from bench.workload import SUBSCRIBERS

LINES = 25
PACKAGES = ("django", "psycopg_binary", "psycopg", "uuid_utils")
PROJECT = Path(__file__).resolve().parent.parent


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
    own: Counter[str] = Counter()
    for (path, _, name), (_, _, seconds, _, _) in stats.stats.items():  # type: ignore[attr-defined]
        own[_package(path, name)] += seconds
    whole = sum(own.values())
    for package, seconds in own.most_common(12):
        print(f"  {package:<24} {seconds / whole:6.1%}")
    stats.sort_stats("tottime").print_stats(LINES)


def _package(path: str, name: str) -> str:
    if path == "~":
        return "built in: " + name.strip("<>{}").removeprefix("built-in method ")[:30]
    for package in PACKAGES:
        if f"/site-packages/{package}/" in path:
            return package
    inside = Path(path)
    if inside.is_relative_to(PROJECT):
        return inside.relative_to(PROJECT).parts[0]
    return "standard library"
