"""Where the time of an order goes, in one thread: placed, taken to its end by the bus, at once."""

import pstats
from pathlib import Path
from typing import Any

from bench.packages import print_packages
from bench.processes import crew
from bench.saga_counts import each_of
from bench.saga_shop import ENV, Shop
from bench.saga_work import COUNTS

STATEMENTS = 30  # kinds that are printed
LINES = 40  # of each profile


WAYS = {"at once": "at-once", "placed": "place", "bus": "inline"}


def profile(prepared: Shop, file: Path, orders: int, folder: Path) -> None:
    """Print what an order costs: as it is, by statement and handler, and under cProfile."""
    for name, kind in WAYS.items():
        found = _measured(prepared, kind, file)
        print(
            f"{name}: {found['seconds'] / orders * 1000:.2f} ms an order, of it"
            f" {found['cpu'] / orders * 1000:.2f} ms CPU of this process",
            flush=True,
        )
    for name, kind in WAYS.items():
        found = _measured(prepared, kind, file, "--profile", COUNTS)
        print(f"\n{name}: statements an order")
        _print_statements(found["statements"], orders)
        if found["handlers"]:
            print("\n".join(each_of(found["handlers"], orders)), flush=True)
    for name, kind in WAYS.items():
        where = str(folder / kind)
        _measured(prepared, kind, file, "--profile", where)
        print(f"\n{name}, under cProfile")
        stats = pstats.Stats(where)
        print_packages(stats)
        stats.sort_stats("tottime").print_stats(LINES)
        stats.sort_stats("cumulative").print_stats("/(apps|eventbus|bench)/", LINES)


def _print_statements(counts: dict[str, int], orders: int) -> None:
    for statement, count in sorted(counts.items(), key=lambda each: -each[1])[:STATEMENTS]:
        print(f"  {count / orders:8.2f}  {statement}")
    print(f"  {sum(counts.values()) / orders:8.2f}  in all")


def _measured(prepared: Shop, kind: str, file: Path, *options: str) -> dict[str, Any]:
    """What the process reports on a copy; the orders are placed when the bus is warm."""
    shop, from_file = prepared.copy("profiled"), ("--file", str(file))
    with crew(("bench.saga_work", kind, *from_file, *options), url=shop.url, **ENV) as [child]:
        if kind == "inline":
            with crew(("bench.saga_work", "place", *from_file), url=shop.url, **ENV) as [placing]:
                placing.go()
                placing.finish(stop=False)
        child.go()
        return child.finish(stop=False)
