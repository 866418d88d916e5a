"""SQLite: a place in the log is an id, and whoever writes has the log to himself."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from eventbus.engines.history import History
from eventbus.envelope import MUTED

PASSED = (
    "SELECT id, occurred_at FROM eventbus_event WHERE id <= (SELECT min(pos) FROM eventbus_cursor)"
)


class SqliteHistory(History):
    """By id."""

    IS_MUTED = f"json_extract(headers, '$.{MUTED}')"

    def rewriting(self, *, wait: bool) -> bool:
        """The write transaction is the lock."""
        return True

    def droppable(self, cutoff: datetime) -> int:
        sql = f"SELECT count(*) FROM ({PASSED}) WHERE occurred_at < %s"
        return int(self._rows(sql, [self._stored(cutoff)])[0][0])

    def drop(self, cutoff: datetime, most: int) -> int:
        return self._execute(
            "DELETE FROM eventbus_event WHERE id IN"
            f" (SELECT id FROM ({PASSED} ORDER BY id LIMIT %s) WHERE occurred_at < %s)",
            [most, self._stored(cutoff)],
        )

    def thin(self, before: datetime) -> int:
        """There are no ticks."""
        return 0

    def places(self) -> dict[str, int]:
        return dict(self._rows("SELECT subscriber, min(pos) FROM eventbus_cursor GROUP BY 1", []))

    def unread(self, place: int, cutoff: datetime, at_most: int) -> tuple[int, datetime | None]:
        sql = (
            "SELECT count(*), min(occurred_at) FROM (SELECT occurred_at FROM eventbus_event"
            " WHERE id > %s AND occurred_at < %s ORDER BY id LIMIT %s)"
        )
        count, first = self._rows(sql, [place, self._stored(cutoff), at_most])[0]
        return count, None if first is None else self._time(first)

    def erased(self, subjects: Collection[str]) -> set[str]:
        marks = ", ".join(["%s"] * len(subjects))
        sql = f"SELECT subject FROM eventbus_erased WHERE subject IN ({marks})"
        return {subject for (subject,) in self._rows(sql, list(subjects))}

    def _stored(self, time: datetime) -> Any:
        return self.connection.ops.adapt_datetimefield_value(time)
