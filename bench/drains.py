"""Working a backlog off: how fast, and whether every effect was there exactly once."""

import time
from dataclasses import dataclass

from bench.database import Database
from bench.processes import Child, cpu_seconds, crew
from bench.workload import SUBSCRIBERS

POLL_SECONDS = 0.1
AGAIN_SECONDS = 0.3  # the sum is taken again then: a delivery too many would show
STUCK_SECONDS = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Drain:
    """One backlog worked off."""

    rate: float  # events handled by all three subscribers, per second
    exact: bool  # the effects are three times the events, and stayed so
    worker_us: float  # CPU of the workers per delivery, in microseconds
    server_us: float  # CPU of PostgreSQL's backends per delivery
    complaints: list[str]  # what the workers logged


def drain(
    database: Database,
    kind: str,
    events: int,
    *,
    workers: int = 1,
    ranges: int = 1,
    keep_log: bool = False,
    beside: tuple[str, ...] | None = None,
) -> Drain:
    """Let the workers handle a new backlog; `beside` is one more process that runs meanwhile,
    and reports how many events it has added."""
    database.reset(ranges=ranges, keep_log=keep_log)
    database.fill(events, hot=kind == "hot")
    commands = [("bench.worker", kind)] * workers + ([beside] if beside else [])
    with crew(*commands, url=database.url) as children:
        for child in children:
            child.go()
        if beside:
            publisher = children.pop()
            events += publisher.finish(stop=False)["count"] + 1  # and one to warm itself
        return _watch(database, children, events * SUBSCRIBERS)


def _watch(database: Database, workers: list[Child], wanted: int) -> Drain:
    first: tuple[float, int, float, float] | None = None
    handled, moved_at = 0, time.perf_counter()
    while handled < wanted:
        time.sleep(POLL_SECONDS)
        handled, before = database.handled(), handled
        now = time.perf_counter()
        if handled != before:
            moved_at = now
            if first is None:
                first = now, handled, *_cpu(database, workers)
        elif now - moved_at > STUCK_SECONDS:
            raise RuntimeError(
                f"stuck at {handled} of {wanted}: " + "".join(each.said() for each in workers)
            )
    used = _cpu(database, workers)
    time.sleep(AGAIN_SECONDS)
    exact = database.handled() == wanted
    began, already, *cpu = first or (moved_at, 0, *used)
    if handled == already:
        raise RuntimeError(f"{wanted} deliveries are too few to be measured")
    for worker in workers:
        worker.finish()
    done = handled - already
    return Drain(
        rate=done / SUBSCRIBERS / (now - began),
        exact=exact,
        worker_us=(used[0] - cpu[0]) / done * 1e6,
        server_us=(used[1] - cpu[1]) / done * 1e6,
        complaints=[line for worker in workers for line in worker.said().splitlines()],
    )


def _cpu(database: Database, workers: list[Child]) -> tuple[float, float]:
    """Seconds of the workers, and of the server for them."""
    return (
        cpu_seconds([worker.process.pid for worker in workers]),
        cpu_seconds(database.backends()),
    )


def until_idle(database: Database, kind: str, events: int, profile: str = "") -> dict[str, float]:
    """One worker's own report on a backlog: deliveries, seconds, cpu (seconds)."""
    database.reset()
    database.fill(events)
    extra = ("--profile", profile) if profile else ()
    with crew(("bench.worker", kind, "--until-idle", *extra), url=database.url) as [worker]:
        worker.go()
        return worker.finish(stop=False)
