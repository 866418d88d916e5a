"""What the bus asks of a database about its past, and how it is answered by id.

By id is how SQLite reads (one writer: id order is commit order), and how PostgreSQL does inside
a test's own transaction.
"""

from abc import ABC, abstractmethod
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from django.db.backends.base.base import BaseDatabaseWrapper

Position = tuple[int | None, int]  # tick (PostgreSQL; None: nothing is seen yet), id

END = "SELECT coalesce(max(id), 0) FROM eventbus_event"


class History(ABC):
    """Places in the log, what may leave it, and whom it has forgotten."""

    connection: BaseDatabaseWrapper
    IS_MUTED: ClassVar[str]  # of a parked event: see `envelope.MUTED`

    @abstractmethod
    def _rows(self, sql: str, params: Sequence[Any]) -> list[tuple[Any, ...]]: ...

    @abstractmethod
    def _execute(self, sql: str, params: Sequence[Any]) -> int: ...

    @abstractmethod
    def _time(self, value: Any) -> datetime: ...

    @abstractmethod
    def refresh(self) -> None:
        """Let claims from now on see every event committed so far."""

    def beginning(self) -> Position:
        """Before every event."""
        return None, 0

    def end(self) -> Position:
        """Behind every event that is committed by now."""
        return None, int(self._rows(END, [])[0][0])

    def before_time(self, time: datetime) -> Position:
        """Before what happened at `time` or later; after all that was surely done by then."""
        at = self.connection.ops.adapt_datetimefield_value(time)
        first = self._rows("SELECT min(id) FROM eventbus_event WHERE occurred_at >= %s", [at])
        return (None, first[0][0] - 1) if first[0][0] is not None else self.end()

    def before_event(self, event_id: UUID) -> Position | None:
        """Before the event; None when the log does not have it."""
        wanted = event_id if self.connection.vendor == "postgresql" else event_id.hex
        found = self._rows("SELECT id FROM eventbus_event WHERE event_id = %s", [wanted])
        return (None, found[0][0] - 1) if found else None

    def owe(self, subscriber: str, lo: int, hi: int, position: Position) -> None:
        """Let what is parked of the range wait for the replay from that position, if it will come
        by; not a call that is being made. Calls cannot begin then, for they look at the state.

        What an earlier rebuild left there muted has had its effects: it merely comes again.
        """
        unread, params = self._from(position)
        where = (
            " WHERE subscriber = %s AND shard >= %s AND shard < %s AND state <> 'calling'"
            " AND EXISTS (SELECT 1 FROM eventbus_event e"
            f" WHERE e.id = eventbus_parked.position AND {unread})"
        )
        mine = [subscriber, lo, hi, *params]
        self._execute(f"DELETE FROM eventbus_parked {where} AND {self.IS_MUTED}", mine)
        self._execute(f"UPDATE eventbus_parked SET state = 'owed' {where}", mine)

    def _from(self, position: Position) -> tuple[str, list[Any]]:
        """The condition for an event `e` to be read by a cursor that begins there."""
        return "e.id > %s", [position[1]]

    @abstractmethod
    def erased(self, subjects: Collection[str]) -> set[str]:
        """Those of them whose personal data is to be blank here."""

    # Retention ------------------------------------------------------------------------------------
    @abstractmethod
    def rewriting(self, *, wait: bool) -> bool:
        """Take the right to drop and to go back, for the transaction that is open: what a replay
        is about to read again must not vanish meanwhile. Without `wait`, False when it is taken."""

    @abstractmethod
    def droppable(self, cutoff: datetime) -> int:
        """How many events are older than `cutoff` and behind every cursor there is."""

    @abstractmethod
    def drop(self, cutoff: datetime, most: int) -> int:
        """Delete such events, the oldest first; looks at `most` rows and says how many went."""

    @abstractmethod
    def thin(self, before: datetime) -> int:
        """Delete the ticks older than `before` that nothing needs; says how many."""

    @abstractmethod
    def places(self) -> dict[str, int]:
        """Where each subscriber's last cursor stands: a tick, or on SQLite an id; 0: nowhere yet."""

    @abstractmethod
    def unread(self, place: int, cutoff: datetime, at_most: int) -> tuple[int, datetime | None]:
        """How many events older than `cutoff` lie before that place, counted up to `at_most`, and
        when the first of those happened."""
