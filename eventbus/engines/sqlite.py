"""SQLite: one writer at a time, so AUTOINCREMENT order is commit order and `id >` is enough."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import gettempdir
from typing import Any

from django.utils import timezone
from filelock import FileLock, Timeout

from eventbus.engines.base import COLUMNS, READ, Claim, Engine, is_operational
from eventbus.envelope import Envelope

LOCKS = (
    1024  # files at most; two calls that share one wait for each other, which is rare and harmless
)


class SqliteEngine(Engine):
    """The claim is the write transaction itself (`transaction_mode=IMMEDIATE`)."""

    TRANSIENT = ("locked", "busy", "disk is full", "disk i/o")

    def _adapt(self, row: dict[str, Any]) -> list[Any]:
        adapted = row | {
            "event_id": row["event_id"].hex,
            "occurred_at": self.connection.ops.adapt_datetimefield_value(row["occurred_at"]),
        }
        return [adapted[column] for column in COLUMNS]

    def pending(self, subscriber: str, names: Collection[str]) -> list[int]:
        found = self._rows(
            "SELECT c.id FROM eventbus_cursor c WHERE c.subscriber = %s AND NOT c.paused"
            " AND EXISTS (SELECT 1 FROM eventbus_event e WHERE e.id > c.pos"
            f" AND e.shard >= c.lo AND e.shard < c.hi AND e.name IN ({_marks(names)}))",
            [subscriber, *names],
        )
        return [cursor for (cursor,) in found]

    def lag(self, cursor: int, names: Collection[str]) -> int:
        if not names:
            return 0
        counted = self._rows(
            "SELECT count(*) FROM eventbus_cursor c JOIN eventbus_event e ON e.id > c.pos"
            " AND e.shard >= c.lo AND e.shard < c.hi"
            f" WHERE c.id = %s AND e.name IN ({_marks(names)})",
            [cursor, *names],
        )
        return int(counted[0][0])

    def lagging(self, subscriber: str) -> list[int]:
        found = self._rows(
            "SELECT id FROM eventbus_cursor WHERE subscriber = %s AND NOT paused"
            " AND pos < (SELECT coalesce(max(id), 0) FROM eventbus_event)",
            [subscriber],
        )
        return [cursor for (cursor,) in found]

    def refresh(self) -> None:
        """Nothing to do: what is committed is seen."""

    def _claim(self, where: str, params: list[Any], *, skip_locked: bool) -> Claim | None:
        found = self._rows(
            f"SELECT id, subscriber, lo, hi, tick, target, pos FROM eventbus_cursor WHERE {where}",
            params,
        )
        return Claim(*found[0]) if found else None

    def fetch(self, claim: Claim, names: Collection[str], limit: int) -> list[Envelope]:
        # The log's end before the handlers run: what they publish themselves is yet to be read.
        claim.target = self._rows("SELECT coalesce(max(id), 0) FROM eventbus_event", [])[0][0]
        return self._envelopes(
            f"SELECT {READ} FROM eventbus_event e WHERE e.id > %s AND e.shard >= %s"
            f" AND e.shard < %s AND e.name IN ({_marks(names)}) ORDER BY e.id LIMIT %s",
            [claim.pos, claim.lo, claim.hi, *names, limit],
        )

    def advance(self, claim: Claim, last: int, *, complete: bool) -> None:
        end = claim.target if complete and claim.target else 0
        moved_at = self.connection.ops.adapt_datetimefield_value(timezone.now())
        with self.connection.cursor() as cursor:
            cursor.execute(
                "UPDATE eventbus_cursor SET pos = max(pos, %s, %s), moved_at = %s WHERE id = %s",
                [last, end, moved_at, claim.cursor],
            )

    @contextmanager
    def own(self, call: int) -> Iterator[bool]:
        """A file lock, and no transaction: SQLite's one writer must not wait for a call."""
        if self.by_id:
            yield True
            return
        lock = FileLock(self._lock_folder() / f"{call % LOCKS}.lock", thread_local=False)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            yield False
            return
        try:
            yield True
        finally:
            lock.release()

    def _lock_folder(self) -> Path:
        name = str(self.connection.settings_dict["NAME"])
        in_memory = "mode=memory" in name or name == ":memory:"
        folder = Path(gettempdir(), "eventbus-locks") if in_memory else Path(f"{name}-locks")
        folder.mkdir(exist_ok=True)
        return folder

    def clock(self) -> datetime:
        return timezone.now()

    def is_transient(self, error: BaseException) -> bool:
        return is_operational(error) and any(word in str(error) for word in self.TRANSIENT)

    def _time(self, value: Any) -> datetime:
        time = value if isinstance(value, datetime) else datetime.fromisoformat(value)
        return time.replace(tzinfo=UTC)  # stored in UTC, without its zone


def _marks(values: Collection[str]) -> str:
    return ", ".join(["%s"] * len(values))
