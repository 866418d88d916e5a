"""One peer's figures, round by round, each beside this bus's own of the same minute."""

import time
from pathlib import Path

from bench.database import Database
from bench.drains import POLL_SECONDS, drain
from bench.figures import Samples
from bench.pgbench import Reference
from bench.processes import Child, crew
from bench.workload import SUBSCRIBERS
from shop.tests.servers import Postgres

PUBLISH_SECONDS = 1.5
OURS = {"orm": 3_000, "raw": 6_000}  # backlogs
ORM_PEERS = ("procrastinate-orm", "django-tasks-db")


class Ours:
    """This bus, measured beside each peer."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.reference = Reference(database.url, PUBLISH_SECONDS)

    def publish(self) -> float:
        command = ("bench.publisher", "event", "--seconds", str(PUBLISH_SECONDS))
        with crew(command, url=self.database.url) as [child]:
            child.go()
            return float(child.finish(stop=False)["count"]) / PUBLISH_SECONDS


class Runs:
    """A peer on a database of its own."""

    def __init__(self, name: str, events: int, server: Postgres, folder: Path | None) -> None:
        self.name, self.events, self.folder = name, events, folder
        settings = "bench.settings" if folder else "bench.peer_settings"
        self.database = Database(name, server.new_database(), settings=settings)
        self.kind = "orm" if name in ORM_PEERS else "raw"
        self.samples, self.wrong = Samples(), list[str]()
        if folder:
            self._once("setup")

    def measure(self, ours: Ours, give_up: float) -> None:
        """One round of everything."""
        add = self.samples.add
        add("P1", ours.reference.pub4())
        add("our publish", ours.publish())
        add("publish", self._once("publish", PUBLISH_SECONDS)["count"] / PUBLISH_SECONDS)
        self._forget_jobs()
        add("R1", ours.reference.con100())
        for workers in (1, 2):
            add(f"our drain {workers}", self._our_drain(ours, workers))
            add(f"drain {workers}", self._drain(workers, give_up))

    def line(self) -> str:
        """The medians, with the ratios to the reference and of ours to the peer."""
        shown = [f"{self.name:<22}"]
        for what, reference in (("publish", "P1"), ("drain 1", "R1"), ("drain 2", "R1")):
            shown.append(
                f"{what} {self.samples.median(what):>6,.0f}/s"
                f" {self.samples.ratio(what, reference):.3f} {reference},"
                f" ours {self.samples.ratio(f'our {what}', what):.1f} x"
            )
        return "  ".join(shown) + f"  {'; '.join(self.wrong) or 'exact'}  (ours: {self.kind})"

    def _our_drain(self, ours: Ours, workers: int) -> float:
        return drain(ours.database, self.kind, OURS[self.kind], workers=workers, ranges=2).rate

    def _drain(self, workers: int, give_up: float) -> float:
        """Events per second, and whether all effects were there once; a worker that does not get
        to the end in time is taken by what it did."""
        self.database.reset()
        self._once("fill", self.events)
        children = [self._child("work") for _ in range(workers)]
        try:
            for child in children:
                child.wait_ready()
            for child in children:
                child.go()
            return self._watch(workers, self.events * SUBSCRIBERS, give_up)
        finally:
            for child in children:
                child.end()
            self._forget_jobs()

    def _watch(self, workers: int, wanted: int, give_up: float) -> float:
        began, first, handled = time.perf_counter(), (0.0, 0), 0
        while handled < wanted and time.perf_counter() - began < give_up:
            time.sleep(POLL_SECONDS)
            handled = self.database.handled()
            if handled and not first[1]:
                first = time.perf_counter(), handled
        last = time.perf_counter()
        time.sleep(3 * POLL_SECONDS)
        if (found := self.database.handled()) != wanted:
            what = "unfinished" if handled < wanted else "NOT EXACT"
            self.wrong.append(f"{what} with {workers}: {found:,} of {wanted:,}")
        if handled == first[1]:
            return handled / SUBSCRIBERS / (last - began)  # too fast, or nothing was done
        return (handled - first[1]) / SUBSCRIBERS / (last - first[0])

    def _once(self, role: str, amount: float = 0) -> dict[str, float]:
        child = self._child(role, str(amount))
        try:
            child.wait_ready()
            child.go()
            return child.finish(stop=False)
        finally:
            child.end()

    def _child(self, role: str, *amount: str) -> Child:
        url, words = self.database.url, (self.name, role, *amount)
        if self.folder is None:
            settings = {"DJANGO_SETTINGS_MODULE": "bench.peer_settings"}
            return Child("bench.peer_process", *words, url=url, **settings)
        node = str(self.folder / "node_modules" / ".bin" / "node")
        return Child(*words, url=url, program=(node, str(self.folder / "peers.mjs")))

    def _forget_jobs(self) -> None:
        for (table,) in self.database.rows(
            "SELECT quote_ident(schemaname) || '.' || quote_ident(tablename) FROM pg_tables WHERE"
            " tablename IN ('procrastinate_jobs', 'django_tasks_database_dbtaskresult')"
            " OR (schemaname, tablename) IN (('graphile_worker', '_private_jobs'), ('pgboss', 'job'))"
        ):
            self.database.execute(f"TRUNCATE {table} CASCADE")
