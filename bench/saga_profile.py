"""Where the time of an order goes, in one thread: placed, taken to its end by the bus, at once."""

import pstats
from pathlib import Path
from typing import Any

from bench.packages import print_packages
from bench.processes import crew
from bench.saga_shop import ENV, Shop

STATEMENTS = 30  # kinds that are printed
LINES = 40  # of each profile


def profile(prepared: Shop, file: Path, orders: int, folder: Path) -> None:
    """Print what an order costs, first without cProfile and then by function and statement."""
    from_file = "--file", str(file)
    ways = {"at once": ("at-once", *from_file), "placed": ("place", *from_file), "bus": ("inline",)}
    for name, words in ways.items():
        found = _do(_fresh(prepared, name, from_file), *words)
        print(
            f"{name}: {found['seconds'] / orders * 1000:.2f} ms an order, of it"
            f" {found['cpu'] / orders * 1000:.2f} ms CPU of this process"
        )
    for name, words in ways.items():
        where = str(folder / name)
        found = _do(_fresh(prepared, name, from_file), *words, "--profile", where)
        print(f"\n{name}: statements an order, then the profile")
        for statement, count in sorted(found["statements"].items(), key=lambda each: -each[1])[
            :STATEMENTS
        ]:
            print(f"  {count / orders:8.2f}  {statement}")
        print(f"  {sum(found['statements'].values()) / orders:8.2f}  in all")
        stats = pstats.Stats(where)
        print_packages(stats)
        stats.sort_stats("tottime").print_stats(LINES)
        stats.sort_stats("cumulative").print_stats("/(apps|eventbus|bench)/", LINES)


def _fresh(prepared: Shop, name: str, from_file: tuple[str, str]) -> Shop:
    """A copy; for the bus, one in which the orders were placed and wait."""
    shop = prepared.copy("profiled")
    if name == "bus":
        _do(shop, "place", *from_file)
    return shop


def _do(shop: Shop, *words: str) -> dict[str, Any]:
    with crew(("bench.saga_work", *words), url=shop.url, **ENV) as [child]:
        child.go()
        return child.finish(stop=False)
