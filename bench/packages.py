"""A profile's time by package."""

import pstats
from collections import Counter
from pathlib import Path

PACKAGES = ("django", "psycopg_binary", "psycopg", "uuid_utils")
PROJECT = Path(__file__).resolve().parent.parent


def print_packages(stats: pstats.Stats) -> None:
    """Print the share that each had of the time, the greatest first."""
    own: Counter[str] = Counter()
    for (path, _, name), (_, _, seconds, _, _) in stats.stats.items():  # type: ignore[attr-defined]
        own[_package(path, name)] += seconds
    whole = sum(own.values())
    for package, seconds in own.most_common(12):
        print(f"  {package:<24} {seconds / whole:6.1%}")


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
