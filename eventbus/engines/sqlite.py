"""SQLite: one writer at a time, so AUTOINCREMENT order is commit order and `id >` is enough."""

from collections.abc import Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import gettempdir
from typing import Any

from django.utils import timezone
from filelock import FileLock, Timeout

from eventbus.engines.appending import insert
from eventbus.engines.base import (
    CLAIM,
    EXCEPTIONS,
    READ,
    Claim,
    Engine,
    Fetched,
    Look,
    Move,
    Names,
    Wanted,
    is_operational,
)
from eventbus.engines.sqlite_history import SqliteHistory

LOCKS = 1024  # files a kind at most; two that share one wait for each other: rare and harmless
END = "(SELECT coalesce(max(id), 0) FROM eventbus_event)"


class SqliteEngine(SqliteHistory, Engine):
    """The claim is the write transaction itself (`transaction_mode=IMMEDIATE`)."""

    TRANSIENT = ("locked", "busy", "disk is full", "disk i/o")

    def _adapt(self, body: dict[str, Any]) -> list[Any]:
        time = self.connection.ops.adapt_datetimefield_value(body["occurred_at"])
        return super()._adapt(body | {"event_id": body["event_id"].hex, "occurred_at": time})

    def _insert_all(
        self, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]
    ) -> None:
        with self.connection.cursor() as cursor:
            cursor.executemany(insert(table, columns), rows)

    def look(self, subscribers: Collection[str]) -> Look:
        now = self.clock()
        at = self.connection.ops.adapt_datetimefield_value(now)
        found = self._rows(
            "SELECT EXISTS (SELECT 1 FROM eventbus_scheduled WHERE due_at <= %s),"
            " EXISTS (SELECT 1 FROM eventbus_parked WHERE state = 'retrying' AND next_at <= %s),"
            " EXISTS (SELECT 1 FROM eventbus_parked WHERE state IN ('to call', 'calling')"
            " AND next_at <= %s),"
            f" EXISTS (SELECT 1 FROM eventbus_cursor WHERE NOT paused AND pos < {END}"
            f" AND subscriber IN ({_marks(subscribers)}))",
            [at, at, at, *subscribers],
        )
        scheduled, parked, calls, behind = map(bool, found[0])
        return Look(now, scheduled=scheduled, behind=behind, parked=parked, calls=calls)

    def pending(self, wanted: Names) -> list[tuple[str, int]]:
        found = []
        for subscriber, names in wanted.items():
            rows = self._rows(
                "SELECT c.id FROM eventbus_cursor c WHERE c.subscriber = %s AND NOT c.paused"
                " AND EXISTS (SELECT 1 FROM eventbus_event e WHERE e.id > c.pos"
                " AND (c.stop_at IS NULL OR e.id <= c.stop_at)"
                f" AND e.shard >= c.lo AND e.shard < c.hi AND e.name IN ({_marks(names)}))",
                [subscriber, *names],
            )
            found += [(subscriber, cursor) for (cursor,) in rows]
        return found

    def lagging(self, subscribers: Collection[str]) -> list[tuple[str, int]]:
        found = self._rows(
            "SELECT subscriber, id FROM eventbus_cursor WHERE NOT paused"
            f" AND pos < coalesce(stop_at, {END}) AND subscriber IN ({_marks(subscribers)})",
            [*subscribers],
        )
        return [(subscriber, cursor) for subscriber, cursor in found]

    def refresh(self) -> None:
        """Nothing to do: what is committed is seen."""

    def _claim(self, where: str, params: list[Any], *, skip_locked: bool) -> Claim | None:
        # The log's end before the handlers run: what they publish themselves is yet to be read.
        found = self._rows(
            f"SELECT {CLAIM}, {END} FROM eventbus_cursor WHERE {where}",
            params,
        )
        return Claim(*found[0]) if found else None

    def fetch(self, wanted: Wanted) -> Fetched:
        claim, names = wanted.claim, wanted.names
        assert claim.newest is not None  # noqa: S101  (an empty log ends at 0)
        claim.target = claim.newest if claim.stop_at is None else min(claim.newest, claim.stop_at)
        rows = self._rows(
            f"SELECT {READ}, {EXCEPTIONS} FROM eventbus_event e WHERE e.id > %s AND e.id <= %s"
            f" AND e.shard >= %s AND e.shard < %s AND e.name IN ({_marks(names)})"
            " ORDER BY e.id LIMIT %s",
            [
                *(claim.subscriber, claim.subscriber, claim.cursor),
                *(claim.pos, claim.target, claim.lo, claim.hi, *names, wanted.limit),
            ],
        )
        return self._fetched(claim, rows)

    def _muted(self, claim: Claim, positions: list[int]) -> list[int]:
        found = self._rows(
            "SELECT e.id FROM eventbus_event e JOIN eventbus_rebuild r ON r.cursor_id = %s"
            f" WHERE e.id <= r.pos AND e.id IN ({_marks(positions)}) AND NOT EXISTS ("
            "SELECT 1 FROM eventbus_parked k WHERE k.subscriber = %s AND k.position = e.id)",
            [claim.cursor, *positions, claim.subscriber],
        )
        return [position for (position,) in found]

    def advance(self, move: Move) -> None:
        claim = move.claim
        end = claim.target if move.complete and claim.target else 0
        self._execute(
            "UPDATE eventbus_cursor SET pos = max(pos, %s, %s), careful_until = %s,"
            " suspect = NULL, begun = 0, moved_at = %s WHERE id = %s",
            [
                *(move.last, end, move.careful_until),
                self.connection.ops.adapt_datetimefield_value(timezone.now()),
                claim.cursor,
            ],
        )

    def has_passed(self, cursor: int, position: int) -> bool:
        found = self._rows(
            "SELECT pos >= %s FROM eventbus_cursor WHERE id = %s", [position, cursor]
        )
        return bool(found and found[0][0])

    @contextmanager
    def own(self, kind: str, numbers: Collection[int]) -> Iterator[set[int]]:
        """File locks, and no transaction: SQLite's one writer must not wait for a call."""
        with ExitStack() as held:
            yield {number for number in numbers if self.by_id or self._lock(held, kind, number)}

    def _lock(self, held: ExitStack, kind: str, number: int) -> bool:
        file = self._lock_folder() / f"{kind}-{number % LOCKS}.lock"
        lock = FileLock(file, thread_local=False)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            return False
        held.callback(lock.release)
        return True

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


def _marks(values: Collection[Any]) -> str:
    return ", ".join(["%s"] * len(values))
