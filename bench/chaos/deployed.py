"""A new version of the code under load: old and new at work at once (see newer/changes.py)."""

import time
from contextlib import suppress

import psycopg

from bench.chaos.fault import Fault
from bench.chaos.newer.levels import column_of
from bench.chaos.stage import WEBS, WORKERS, Stage

FIRST = (WEBS[0], WORKERS[0])
TOLD = "SELECT DISTINCT version FROM eventbus_event WHERE name = 'payments.processed' AND id > %s"
UNREADABLE = (  # what old code could not read of the new
    "SELECT count(*) FROM eventbus_parked WHERE name = 'payments.processed' AND state = 'dead'"
)


class Deployed(Fault):
    """The table gets a column and an index; one web process and one worker are replaced by the new
    version, which all work beside the old ones for a while; then the rest are. Staff retry what the
    old code could not read. Everything stays new: the next deployment is of one newer still."""

    number = "F19, F20"
    name = "a new version of the code deployed, old and new at work at once (SIGTERM)"
    strike_seconds = 30.0

    def begin(self, stage: Stage) -> None:
        self.level = int(stage.shop.environment.get("CODE_LEVEL", "0")) + 1
        self.code = {
            "DJANGO_SETTINGS_MODULE": "bench.chaos.newer.settings",
            "CODE_LEVEL": str(self.level),
        }
        migrate(stage, column_of(self.level))
        [(self.before,)] = stage.rows("SELECT max(id) FROM eventbus_event")
        for name in FIRST:
            replace(stage, name, **self.code)
        stage.wait_for_workers()

    def has_struck(self, stage: Stage) -> bool:
        """Payments were told by both, and the old code has met what it cannot read."""
        told = {version for (version,) in stage.rows(TOLD, self.before)}
        self.unreadable = stage.rows(UNREADABLE)[0][0]
        return told == {self.level, self.level + 1} and self.unreadable > 0

    def heal(self, stage: Stage) -> None:
        stage.shop.environment |= self.code
        for name in (*WEBS, *WORKERS):
            if name not in FIRST:
                replace(stage, name)
        stage.counts["versions deployed"] += 1
        stage.counts["events too new for old code, retried"] += stage.rows(UNREADABLE)[0][0]
        stage.bus("retry", "--event=payments.processed", "--by=chaos", "--reason=all is new")


def replace(stage: Stage, name: str, **code: str) -> None:
    stage.shop.end(name)
    stage.start(name, **code)


def migrate(stage: Stage, column: str) -> None:
    """As an additive migration, which is tried again when somebody is in its way."""
    with stage.connect(autocommit=True) as connection:
        connection.execute("SET lock_timeout = '2s'")
        while True:
            with suppress(psycopg.errors.LockNotAvailable):
                connection.execute(
                    f"ALTER TABLE orders_order ADD COLUMN {column} varchar(9) NOT NULL DEFAULT ''"
                )
                break
            time.sleep(0.5)
        connection.execute(f"CREATE INDEX CONCURRENTLY ON orders_order ({column})")
