"""What can go wrong, by the numbers F1 to F25 of the project's list of faults.

Not here: F1, F10, F17 and F18 are swept through exhaustively in one process (docs/bus-tests.md,
shop/tests/test_saga_swept.py, test_saga_at_once.py); F24 is test_killed.py on SQLite, F25 is
test_restore.py. F16 and F18 happen all the time: three workers, and few units of one article.
"""

import signal
import time
from contextlib import ExitStack, suppress
from pathlib import Path
from uuid import UUID

import psycopg

from bench.chaos.clients import GATEWAY
from bench.chaos.deployed import Deployed
from bench.chaos.fault import Fault
from bench.chaos.recovery import Recovery
from bench.chaos.stage import WEBS, WORKERS, Stage
from bench.chaos.starved import Starved

SHIFTED = str(Path(__file__).parent / "shifted")
REDELIVERED = (  # the event and who hears of it once more
    *(("orders.created", "inventory"), ("orders.created", "payments")),
    *(("orders.confirmed", "inventory"), ("orders.confirmed", "notifications")),
)


class WorkersKilled(Fault):
    number, name, seconds = "F2", "a bus worker killed, again and again", 0.0

    def begin(self, stage: Stage) -> None:
        for _ in range(3):
            stage.wait_for_workers()
            time.sleep(stage.draw.uniform(0, 0.5))
            victim = stage.draw.choice(WORKERS)
            stage.shop.kill(victim)
            stage.recoveries.append(Recovery(stage.connect))
            stage.start(victim)


class WebKilled(Fault):
    number, name, seconds = "F3", "a web process killed", 0.0

    def begin(self, stage: Stage) -> None:
        stage.shop.restart(stage.draw.choice(WEBS))


class DatabaseStopped(Fault):
    number, name, seconds = "F4", "PostgreSQL stopped with -m immediate", 1.0

    def begin(self, stage: Stage) -> None:
        stage.database.crash()

    def heal(self, stage: Stage) -> None:
        if stage.database.died():
            stage.database.start()


class CommitCut(Fault):
    number, name = "F5", "the answer to COMMIT lost"

    def begin(self, stage: Stage) -> None:
        self.before = stage.proxy.commits_cut
        stage.proxy.commits_to_cut = 8

    def has_struck(self, stage: Stage) -> bool:
        return stage.proxy.commits_cut > self.before

    def heal(self, stage: Stage) -> None:
        stage.proxy.commits_to_cut = 0
        stage.counts["answers to COMMIT lost"] = stage.proxy.commits_cut


class ConnectionsCut(Fault):
    number, name, seconds = "F5", "all connections to PostgreSQL cut", 1.0

    def begin(self, stage: Stage) -> None:
        stage.proxy.cut_all()


class StockLocked(Fault):
    number, name = "F6", "every row of stock locked by somebody"

    def begin(self, stage: Stage) -> None:
        with stage.connect() as connection:
            connection.execute("SELECT 1 FROM inventory_stockitem ORDER BY sku FOR UPDATE")
            time.sleep(1.5)


class RedisKilled(Fault):
    number, name = "F7", "Redis killed"

    def begin(self, stage: Stage) -> None:
        stage.cache.stop(signal.SIGKILL)

    def heal(self, stage: Stage) -> None:
        if stage.cache.died():
            stage.cache.start()


class RedisStopped(Fault):
    number, name = "F7", "Redis stopped (SIGSTOP)"

    def begin(self, stage: Stage) -> None:
        stage.cache.signal(signal.SIGSTOP)

    def heal(self, stage: Stage) -> None:
        stage.cache.signal(signal.SIGCONT)


class Redelivered(Fault):
    number, name, seconds = "F9", "an event delivered twice", 0.0

    def begin(self, stage: Stage) -> None:
        event, subscriber = stage.draw.choice(REDELIVERED)
        found = stage.rows(
            "SELECT event_id::text FROM eventbus_event WHERE name = %s ORDER BY id DESC LIMIT 20",
            event,
        )
        for (event_id,) in stage.draw.sample(found, min(1, len(found))):
            done = stage.bus("redeliver", event_id, subscriber, "--reason=chaos")
            stage.counts["events delivered twice" if done else "redeliveries refused"] += 1


class Poisoned(Fault):
    """An order without lines, which nobody can read; staff skip it in the end."""

    number, name, seconds = "F11", "an event that nobody can read", 0.0

    def begin(self, stage: Stage) -> None:
        key = str(UUID(int=stage.draw.getrandbits(128), version=4))
        with stage.connect() as connection:
            connection.execute(
                "INSERT INTO eventbus_event (event_id, name, version, source, key, shard, payload,"
                " headers, subject, occurred_at) VALUES (%s, 'orders.created', 1, 'orders', %s, 0,"
                """ '{"poison": true}', '{}', '', now())""",
                [key, key],
            )


class GatewayFails(Fault):
    number, name, seconds = "F12, F22", "the gateway silent, slow, late, telling twice", 5.0

    def begin(self, stage: Stage) -> None:
        for client in stage.clients:
            client.cards = GATEWAY

    def heal(self, stage: Stage) -> None:
        for client in stage.clients:
            client.cards = ()


class ClockShifted(Fault):
    number, name, seconds = "F13", "a bus worker's clock wrong", 3.0

    def begin(self, stage: Stage) -> None:
        self.victim = stage.draw.choice(WORKERS)
        shift = stage.draw.choice((-600, -30, 30, 3600))  # it must not work, or may
        stage.shop.kill(self.victim)
        stage.shop.work(self.victim, PYTHONPATH=SHIFTED, SHIFT_SECONDS=str(shift))

    def heal(self, stage: Stage) -> None:
        stage.shop.restart(self.victim)


class DiskFull(Fault):
    number, name = "F14", "the disk of PostgreSQL full"

    def begin(self, stage: Stage) -> None:
        if not stage.database.can_fill:
            stage.counts["disk not filled, as only root may mount one"] += 1
            return
        stage.database.fill_disk()

    def heal(self, stage: Stage) -> None:
        stage.database.free_disk()
        if stage.database.died():  # it gives up when there is no room for its log
            stage.counts["PostgreSQL gave up on a full disk"] += 1
            stage.database.start()


class TransactionLong(Fault):
    number, name, seconds = "F15", "a transaction that published and does not end", 6.0

    def begin(self, stage: Stage) -> None:
        self.connection = stage.connect()
        self.connection.execute(
            "INSERT INTO eventbus_event (event_id, name, version, source, key, shard, payload,"
            " headers, subject, occurred_at) VALUES (gen_random_uuid(), 'chaos.noted', 1, 'chaos',"
            " 'k', 0, '{}', '{}', '', now())"
        )

    def heal(self, stage: Stage) -> None:
        self.connection.commit()
        self.connection.close()


class MailDies(Fault):
    number, name, seconds = "F21", "the mail server dies after DATA", 3.0

    def begin(self, stage: Stage) -> None:
        self.before = stage.mail.deaths
        stage.mail.dies = True

    def has_struck(self, stage: Stage) -> bool:
        return stage.mail.deaths > self.before

    def heal(self, stage: Stage) -> None:
        stage.mail.dies = False
        stage.counts["mails taken without an answer"] = stage.mail.deaths


class ConnectionsExhausted(Fault):
    number, name = "F23", "no connection left"

    def begin(self, stage: Stage) -> None:
        stage.proxy.cut_all()  # those that ask again meet the crowd
        with ExitStack() as crowd:
            with suppress(psycopg.OperationalError):
                while True:
                    crowd.enter_context(stage.connect())
            time.sleep(2)


class Slow(Fault):
    number, name = "F6", "every answer of PostgreSQL 30 ms late"

    def begin(self, stage: Stage) -> None:
        stage.proxy.delay = 0.03

    def heal(self, stage: Stage) -> None:
        stage.proxy.delay = 0.0


FAULTS: tuple[type[Fault], ...] = (
    *(WorkersKilled, WebKilled, DatabaseStopped, CommitCut, ConnectionsCut, StockLocked, Slow),
    *(RedisKilled, RedisStopped, Redelivered, Poisoned, GatewayFails, ClockShifted, DiskFull),
    *(TransactionLong, Deployed, MailDies, ConnectionsExhausted, Starved),
)


def chosen(only: str) -> list[type[Fault]]:
    """Those with these numbers, parted by commas; all when there are none."""
    wanted = {one.strip() for one in only.split(",") if one.strip()}
    return [one for one in FAULTS if not wanted or wanted & set(one.number.split(", "))]
