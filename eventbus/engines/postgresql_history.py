"""PostgreSQL: a place in the log is a tick, for ids say nothing about what was committed when.

A tick may be older than what was asked for, never younger: a subscriber that starts there sees
a little too much and misses nothing.
"""

from datetime import datetime
from uuid import UUID

from eventbus.engines.history import History, Position


class PostgresqlHistory(History):
    """Ticks, unless a test reads by id."""

    by_id: bool

    def refresh(self) -> None:
        raise NotImplementedError

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
