"""PostgreSQL: a place in the log is a tick, for ids say nothing about what was committed when.

A tick may be older than what was asked for, never younger: a subscriber that starts there sees
a little too much and misses nothing.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from eventbus.engines.history import History, Position
from eventbus.engines.postgresql_looking import LATER, NOW, UNDER_WAY
from eventbus.envelope import MUTED

REWRITING = 0x6275_7370  # advisory lock: one drops what is old, or goes back to it, at a time

# Events that every cursor's tick has seen; none while one has no tick. Ticks only ever see more,
# so the oldest speaks for all.
PASSED = (
    "SELECT e.id, e.occurred_at FROM eventbus_event e JOIN eventbus_tick t"
    " ON e.xid < pg_snapshot_xmax(t.snapshot) AND pg_visible_in_snapshot(e.xid, t.snapshot)"
    " WHERE t.id = (SELECT min(coalesce(tick, 0)) FROM eventbus_cursor)"
)
LAST_BEFORE_THE_LOG = (
    "SELECT max(b.id) FROM eventbus_tick b WHERE pg_snapshot_xmax(b.snapshot)"
    " <= (SELECT e.xid FROM eventbus_event e ORDER BY e.xid LIMIT 1)"
)
NEEDED = (
    "SELECT max(id) FROM eventbus_tick UNION SELECT needed FROM (SELECT unnest(ARRAY[tick, target,"
    " stop_at]) FROM eventbus_cursor UNION SELECT unnest(ARRAY[tick, target])"
    " FROM eventbus_rebuild) places(needed) WHERE needed IS NOT NULL"
)


class PostgresqlHistory(History):
    """Ticks, unless a test reads by id."""

    by_id: bool
    IS_MUTED = f"headers ? '{MUTED}'"

    def end(self) -> Position:
        if self.by_id:
            return super().end()
        self.refresh()
        return self._tick("SELECT max(id) FROM eventbus_tick")

    def before_time(self, time: datetime) -> Position:
        if self.by_id:
            return super().before_time(time)
        return self._tick("SELECT max(id) FROM eventbus_tick WHERE created_at <= %s", time)

    def before_event(self, event_id: UUID) -> Position | None:
        known = super().before_event(event_id)
        if self.by_id or known is None:
            return known
        return self._tick(
            "SELECT max(t.id) FROM eventbus_tick t JOIN eventbus_event e ON e.event_id = %s"
            " WHERE NOT pg_visible_in_snapshot(e.xid, t.snapshot)",
            event_id,
        )

    def _tick(self, sql: str, *params: object) -> Position:
        return self._rows(sql, params)[0][0], 0

    def _from(self, position: Position) -> tuple[str, list[Any]]:
        tick, pos = position
        if tick is None:
            return "e.id > %s", [pos]
        seen = "SELECT snapshot FROM eventbus_tick WHERE id = %s"
        return f"NOT pg_visible_in_snapshot(e.xid, ({seen}))", [tick]

    def rewriting(self, *, wait: bool) -> bool:
        if not wait:
            return bool(self._rows("SELECT pg_try_advisory_xact_lock(%s)", [REWRITING])[0][0])
        self._rows("SELECT pg_advisory_xact_lock(%s)", [REWRITING])
        return True

    def droppable(self, cutoff: datetime) -> int:
        counted = self._rows(f"SELECT count(*) FROM ({PASSED}) p WHERE occurred_at < %s", [cutoff])
        return int(counted[0][0])

    def drop(self, cutoff: datetime, most: int) -> int:
        return self._execute(
            "DELETE FROM eventbus_event WHERE id IN"
            f" (SELECT id FROM ({PASSED} ORDER BY e.id LIMIT %s) lowest WHERE occurred_at < %s)",
            [most, cutoff],
        )

    def thin(self, before: datetime) -> int:
        """One a minute is enough to begin at a time, and one before the log's first event."""
        return self._execute(
            "DELETE FROM eventbus_tick WHERE id IN (SELECT id FROM (SELECT t.id, row_number()"
            " OVER (PARTITION BY date_trunc('minute', t.created_at) ORDER BY t.id DESC) AS nth"
            " FROM eventbus_tick t WHERE t.created_at < %s) old"
            f" WHERE nth > 1 OR id < ({LAST_BEFORE_THE_LOG})) AND id NOT IN ({NEEDED})",
            [before],
        )

    def places(self) -> dict[str, int]:
        return dict(
            self._rows(
                "SELECT subscriber, min(coalesce(tick, 0)) FROM eventbus_cursor GROUP BY 1", []
            )
        )

    def unread(self, place: int, cutoff: datetime, at_most: int) -> tuple[int, datetime | None]:
        found = self._rows(
            "SELECT count(*), min(occurred_at) FROM (SELECT e.occurred_at FROM eventbus_event e"
            " WHERE e.occurred_at < %s AND (NOT EXISTS (SELECT 1 FROM eventbus_tick WHERE id = %s)"
            f" OR {LATER.format('%s', NOW)} OR {UNDER_WAY.format('%s')}) LIMIT %s) old",
            [cutoff, place, place, place, at_most],
        )
        return found[0][0], found[0][1]

    def erased(self, subjects: Collection[str]) -> set[str]:
        sql = "SELECT subject FROM eventbus_erased WHERE subject = ANY(%s)"
        return {subject for (subject,) in self._rows(sql, [list(subjects)])}
