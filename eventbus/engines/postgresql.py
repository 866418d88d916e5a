"""PostgreSQL: new events are the difference of two committed snapshots ("ticks").

Neither `id >` (loses events of transactions that commit late) nor the order of transaction ids
(reorders, and stalls behind any open transaction) is right: docs/bus.md has the measurements.
"""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from django.db import DatabaseError, InterfaceError
from django.db.backends.base.base import BaseDatabaseWrapper

from eventbus.engines.base import COLUMNS, READ, Claim, Engine, is_operational
from eventbus.envelope import Envelope

TICKING = 0x6275_7374  # advisory lock: one tick is taken at a time ("bust", any constant would do)
CALLING = 0x6275_7363  # advisory locks of external calls: (CALLING, call)

# Events that a tick's snapshot did not see. The first condition lets the index on xid bound it.
UNSEEN = (
    "e.xid >= pg_snapshot_xmin({0}.snapshot) AND NOT pg_visible_in_snapshot(e.xid, {0}.snapshot)"
)


class PostgresqlEngine(Engine):
    """The claim is the cursor's row lock, `FOR UPDATE SKIP LOCKED`."""

    # Classes of SQLSTATE and some states. Not 57014: a statement that took too long does so again.
    TRANSIENT = ("40", "08", "53", "57P", "55P03", "25006")

    def __init__(self, connection: BaseDatabaseWrapper) -> None:
        super().__init__(connection)
        self._beside: BaseDatabaseWrapper | None = None

    @property
    def beside(self) -> BaseDatabaseWrapper:
        """A second connection: what must be committed, or held, apart from the handlers' work."""
        if self._beside is None:
            self._beside = self.connection.copy()
        return self._beside

    def release(self) -> None:
        if self._beside is not None:
            self._beside.close()

    def _adapt(self, row: dict[str, Any]) -> list[Any]:
        return [row[column] for column in COLUMNS]

    def pending(self, subscriber: str, names: Collection[str]) -> list[int]:
        unseen = "e.id > c.pos" if self.by_id else f"(p.id IS NULL OR {UNSEEN.format('p')})"
        working = "FALSE" if self.by_id else "c.target IS NOT NULL"
        found = self._rows(
            "SELECT c.id FROM eventbus_cursor c LEFT JOIN eventbus_tick p ON p.id = c.tick"
            f" WHERE c.subscriber = %s AND NOT c.paused AND ({working} OR EXISTS ("
            "SELECT 1 FROM eventbus_event e WHERE e.name = ANY(%s)"
            f" AND e.shard >= c.lo AND e.shard < c.hi AND {unseen}))",
            [subscriber, list(names)],
        )
        return [cursor for (cursor,) in found]

    def lag(self, cursor: int, names: Collection[str]) -> int:
        counted = self._rows(
            "SELECT count(*) FROM eventbus_cursor c LEFT JOIN eventbus_tick p ON p.id = c.tick"
            " JOIN eventbus_event e ON e.shard >= c.lo AND e.shard < c.hi AND e.id > c.pos"
            f" AND (p.id IS NULL OR {UNSEEN.format('p')})"
            " WHERE c.id = %s AND e.name = ANY(%s)",
            [cursor, list(names)],
        )
        return int(counted[0][0])

    def lagging(self, subscriber: str) -> list[int]:
        found = self._rows(
            "SELECT id FROM eventbus_cursor WHERE subscriber = %s AND NOT paused"
            " AND coalesce(tick, 0) < (SELECT coalesce(max(id), 0) FROM eventbus_tick)",
            [subscriber],
        )
        return [cursor for (cursor,) in found]

    def refresh(self) -> None:
        """Commit a tick, if there is an event that the last one did not see.

        On a connection of its own: a transaction that has written sees its own id as finished
        in `pg_current_snapshot()`, and would skip the events it is about to publish. The lock
        and the snapshot are two statements, or the snapshot would be taken before the lock and
        ticks could go backwards.
        """
        if self.by_id:
            return
        self.beside.close_if_unusable_or_obsolete()
        with self.beside.cursor() as cursor:
            cursor.execute("BEGIN")
            try:
                cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [TICKING])
                if cursor.fetchone()[0]:
                    cursor.execute(
                        "INSERT INTO eventbus_tick (created_at, snapshot)"
                        " SELECT statement_timestamp(), pg_current_snapshot()"
                        " WHERE EXISTS (SELECT 1 FROM eventbus_event e LEFT JOIN eventbus_tick p"
                        " ON p.id = (SELECT max(id) FROM eventbus_tick)"
                        f" WHERE p.id IS NULL OR {UNSEEN.format('p')})"
                    )
                cursor.execute("COMMIT")
            except DatabaseError:
                self.beside.close()
                raise

    def _claim(self, where: str, params: list[Any], *, skip_locked: bool) -> Claim | None:
        found = self._rows(
            "SELECT id, subscriber, lo, hi, tick, target, pos FROM eventbus_cursor"
            f" WHERE {where} FOR UPDATE {'SKIP LOCKED' if skip_locked else ''}",
            params,
        )
        return Claim(*found[0]) if found else None

    def fetch(self, claim: Claim, names: Collection[str], limit: int) -> list[Envelope]:
        """Events between the claim's tick and its target, which stays fixed until all are done:
        under a newer target, ids below the position could have become visible meanwhile."""
        shards = [claim.lo, claim.hi, list(names)]
        if self.by_id:
            return self._envelopes(
                f"SELECT {READ} FROM eventbus_event e WHERE e.id > %s AND e.shard >= %s"
                " AND e.shard < %s AND e.name = ANY(%s) ORDER BY e.id LIMIT %s",
                [claim.pos, *shards, limit],
            )
        events = self._up_to_target(claim, shards, limit)
        if not events and claim.target is not None and claim.target != self._newest_tick():
            # The last batch had ended just there: go on at once, or what came since would wait.
            claim.tick, claim.target, claim.pos = claim.target, None, 0
            events = self._up_to_target(claim, shards, limit)
        return events

    def _up_to_target(self, claim: Claim, shards: list[Any], limit: int) -> list[Envelope]:
        # A statement of its own, after the lock: joined to the claim, a row that another worker
        # had just moved would be paired with the tick it had before.
        claim.target = claim.target or self._newest_tick()
        if claim.target is None or (claim.tick is not None and claim.target <= claim.tick):
            return []
        before = (
            " AND " + UNSEEN.format("p") if claim.tick is not None else ""
        )  # no tick yet: nothing is done
        return self._envelopes(
            f"SELECT {READ} FROM eventbus_tick t"
            + (" JOIN eventbus_tick p ON p.id = %s" if before else "")
            + " JOIN eventbus_event e ON pg_visible_in_snapshot(e.xid, t.snapshot)"
            + " AND e.xid < pg_snapshot_xmax(t.snapshot)"
            + before
            + " WHERE t.id = %s AND e.id > %s AND e.shard >= %s AND e.shard < %s"
            + " AND e.name = ANY(%s) ORDER BY e.id LIMIT %s",
            [*([claim.tick] if before else []), claim.target, claim.pos, *shards, limit],
        )

    def _newest_tick(self) -> int | None:
        newest: int | None = self._rows("SELECT max(id) FROM eventbus_tick", [])[0][0]
        return newest

    def advance(self, claim: Claim, last: int, *, complete: bool) -> None:
        if self.by_id:
            moved: tuple[Any, ...] = (claim.tick, None, last or claim.pos)
        elif complete:
            moved = (claim.target or claim.tick, None, 0)
        else:
            moved = (claim.tick, claim.target, last)
        with self.connection.cursor() as cursor:
            cursor.execute(
                "UPDATE eventbus_cursor SET tick = %s, target = %s, pos = %s,"
                " moved_at = statement_timestamp() WHERE id = %s",
                [*moved, claim.cursor],
            )

    @contextmanager
    def own(self, call: int) -> Iterator[bool]:
        """An advisory lock of a transaction on the second connection: it works through a
        pooler, and the row itself stays free for the result."""
        if self.by_id:
            yield True
            return
        self.beside.close_if_unusable_or_obsolete()
        with self.beside.cursor() as cursor:
            cursor.execute("BEGIN")
            try:
                cursor.execute("SELECT pg_try_advisory_xact_lock(%s, %s)", [CALLING, call % 2**31])
                yield bool(cursor.fetchone()[0])
            finally:
                try:
                    cursor.execute("COMMIT")
                except (DatabaseError, InterfaceError):
                    self.beside.close()  # the lock went with it; the result is compare-and-set

    def clock(self) -> datetime:
        now: datetime = self._rows("SELECT statement_timestamp()", [])[0][0]
        return now

    def is_transient(self, error: BaseException) -> bool:
        if isinstance(error, InterfaceError):
            return True
        state = getattr(error.__cause__, "sqlstate", None)
        if is_operational(error) and state is None:
            return True  # the connection broke before the server could say why
        return bool(state) and str(state).startswith(self.TRANSIENT)
