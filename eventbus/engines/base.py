"""The interface of an engine, and what both share.

Reading is by `Claim`: the lock of one cursor row, held by the transaction that runs the
handlers. A killed worker's lock dies with its connection, so nothing is ever left to rescue.
"""

import json
from abc import abstractmethod
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar
from uuid import UUID

from django.db import OperationalError
from django.db.backends.base.base import BaseDatabaseWrapper

from eventbus.engines.appending import Appending
from eventbus.engines.history import History
from eventbus.envelope import Envelope

if TYPE_CHECKING:
    from eventbus.writing import Together

READ = (
    "e.id, e.event_id, e.name, e.version, e.source, e.key, e.payload, e.headers, e.occurred_at,"
    " e.subject"
)
# Whether anything at all of the subscriber is parked or paused, or the cursor is being rebuilt:
# asked once a statement, so that the details are looked up only when there are any.
EXCEPTIONS = (
    "(SELECT EXISTS (SELECT 1 FROM eventbus_parked WHERE subscriber = %s)"
    " OR EXISTS (SELECT 1 FROM eventbus_pausedkey WHERE subscriber = %s)),"
    " (SELECT EXISTS (SELECT 1 FROM eventbus_rebuild WHERE cursor_id = %s))"
)
Names = Mapping[str, Collection[str]]  # event names by subscriber
_read = json.JSONDecoder().raw_decode  # half of `loads`, which also looks for space around
COVERED = "SELECT 1 FROM eventbus_cursor WHERE "


@dataclass(slots=True)
class Claim:
    """A locked cursor, as it stood when it was locked."""

    cursor: int
    subscriber: str
    lo: int
    hi: int
    tick: int | None
    target: int | None
    pos: int
    stop_at: int | None
    careful_until: int | None
    suspect: int | None
    begun: int
    newest: int | None  # tick (SQLite: event) in the log then


CLAIM = (
    "id, subscriber, lo, hi, tick, target, pos, stop_at, careful_until, suspect, begun"  # of Claim
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be read for a claim."""

    claim: Claim
    names: Collection[str]  # of events
    limit: int  # events at most


@dataclass(frozen=True, slots=True)
class Move:
    """How far a claim's cursor has come."""

    claim: Claim
    last: int  # event handled or parked; 0: none
    complete: bool  # everything that the fetch could see is handled

    @property
    def careful_until(self) -> int | None:
        """What is left of the cursor's."""
        until = self.claim.careful_until
        done = self.complete or until is None or self.last >= until
        return None if done else until


@dataclass(slots=True)
class Fetched:
    """What there is to handle, and what must be known about it."""

    events: list[Envelope] = field(default_factory=list)
    parked: bool = False  # the subscriber has parked events or paused keys
    rebuilding: bool = False  # the cursor reads again what it had read
    muted: frozenset[int] = frozenset()  # positions handled before the rebuild that is under way


@dataclass(slots=True)
class Look:
    """Whether there is anything to do: the cheap question of an idle worker."""

    now: datetime  # the database's time
    scheduled: bool = False  # something is due
    unseen: bool = False  # events that the last tick did not see
    behind: bool = False  # cursors that stand behind the last tick, or on the way to one
    parked: bool = False  # a retry is due
    calls: bool = False  # an external call is due


class Engine(Appending, History):
    """What the bus asks of a database."""

    TRANSIENT: ClassVar[tuple[str, ...]]  # see `is_transient`

    def __init__(self, connection: BaseDatabaseWrapper) -> None:
        self.connection = connection
        self.by_id = False  # inside a test's own transaction: read by id, without ticks
        self.together: Together | None = None  # what the batch under way has yet to write

    # Reading ----------------------------------------------------------------------------------
    @abstractmethod
    def look(self, subscribers: Collection[str]) -> Look:
        """Whether there is anything to do for them; one statement, without locks."""

    @abstractmethod
    def pending(self, wanted: Names) -> list[tuple[str, int]]:
        """The subscribers' cursors that have an event to read; a read, without locks."""

    @abstractmethod
    def lagging(self, subscribers: Collection[str]) -> list[tuple[str, int]]:
        """The cursors that stand behind the log's end, be there something for them or not."""

    def claim(self, cursor: int, *, alone: bool = False) -> Claim | None:
        """Lock the cursor in the transaction that is open; None when it is paused, gone or held
        by another worker, or when another works on a range of the same subscriber and one of
        the two wants to be `alone`."""
        return self._claim("id = %s AND NOT paused", [cursor], skip_locked=True)

    def hold(self, subscriber: str, shard: int, *, wait: bool) -> Claim | None:
        """Lock the cursor whose range has `shard`; without `wait`, None when it is held. None
        also when the subscriber has no cursor."""
        where, params = "subscriber = %s AND lo <= %s AND hi > %s", [subscriber, shard, shard]
        claim = self._claim(where, params, skip_locked=not wait)
        while wait and claim is None and self._rows(COVERED + where, params):
            # A split or merge gave the shard to another cursor while we waited for the old one.
            claim = self._claim(where, params, skip_locked=False)
        return claim

    @abstractmethod
    def _claim(self, where: str, params: list[Any], *, skip_locked: bool) -> Claim | None: ...

    def claim_all(self, cursors: Collection[int]) -> dict[int, Claim]:
        """Lock the cursors; those that can be had, by their numbers."""
        claims = ((cursor, self.claim(cursor)) for cursor in cursors)
        return {cursor: claim for cursor, claim in claims if claim}

    @abstractmethod
    def fetch(self, wanted: Wanted) -> Fetched:
        """The next events for a claim, in the order to handle them."""

    def fetch_all(self, wanted: Sequence[Wanted]) -> list[Fetched]:
        """The next events for each of the claims."""
        return [self.fetch(each) for each in wanted]

    @abstractmethod
    def advance(self, move: Move) -> None:
        """Move the cursor. What was suspected of killing workers is not any more."""

    def advance_all(self, moves: Sequence[Move]) -> None:
        """Move each of the cursors."""
        for move in moves:
            self.advance(move)

    @abstractmethod
    def has_passed(self, cursor: int, position: int) -> bool:
        """Whether the cursor has moved past the event there, which is in its range."""

    def be_careful(self, claim: Claim, until: int, *, suspect: int | None, begun: int) -> None:
        """Note in the claim's cursor what is begun: the events up to `until`, and of them one
        alone, for that time."""
        self._execute(
            "UPDATE eventbus_cursor SET careful_until = %s, suspect = %s, begun = %s WHERE id = %s",
            [until, suspect, begun, claim.cursor],
        )

    # Ownership of what lasts longer than a transaction --------------------------------------------
    @abstractmethod
    def own(self, kind: str, numbers: Collection[int]) -> AbstractContextManager[set[int]]:
        """A context manager that gives those of the `numbers` (of the kind "call", "range" or
        "merge") that this process owns meanwhile, by locks that the system frees when the process
        or its connection dies, or (PostgreSQL) has been frozen for long; another owns the rest."""

    # Time, errors, connections ------------------------------------------------------------------
    @abstractmethod
    def clock(self) -> datetime:
        """The database's time: the only one that leases, backoff and schedules go by."""

    @abstractmethod
    def is_transient(self, error: BaseException) -> bool:
        """Whether the error says nothing about the event: a deadlock, a lost connection."""

    def guard(self, seconds: float) -> None:
        """Let the server end this thread's transactions that stand still for so long, where it
        can: a frozen process must not hold its locks; and its waits for a lock sooner, with a
        transient error, before the watchdog takes them for a handler that hangs."""
        return

    def release(self) -> None:
        """Close what the engine holds beside the application's connection; here: nothing."""
        return

    def close(self) -> None:
        """Close every connection of this thread to the bus's database."""
        self.release()
        self.connection.close()

    @contextmanager
    def reading_by_id(self) -> Iterator[None]:
        """For tests inside a transaction, which no other connection can see into."""
        before, self.by_id = self.by_id, True
        try:
            yield
        finally:
            self.by_id = before

    def _rows(self, sql: str, params: Sequence[Any]) -> list[tuple[Any, ...]]:
        with self.connection.cursor() as cursor:
            cursor.execute(sql, params)
            return list(cursor.fetchall())

    def _execute(self, sql: str, params: Sequence[Any]) -> int:
        with self.connection.cursor() as cursor:
            cursor.execute(sql, params)
            return int(cursor.rowcount)

    def _fetched(self, claim: Claim, rows: list[tuple[Any, ...]]) -> Fetched:
        """From rows of READ and EXCEPTIONS."""
        if not rows:
            return Fetched()
        events = [self._envelope(row) for row in rows]
        parked, rebuilding = rows[0][-2:]
        muted = self._muted(claim, [event.position for event in events]) if rebuilding else ()
        return Fetched(events, bool(parked), bool(rebuilding), frozenset(muted))

    @abstractmethod
    def _muted(self, claim: Claim, positions: list[int]) -> list[int]:
        """Those that the cursor had handled when its rebuild began, and that are not owed."""

    def _envelope(self, row: tuple[Any, ...]) -> Envelope:
        position, event_id, name, version, source, key, payload, headers, at, subject, *_ = row
        return Envelope(
            *(position, self._uuid(event_id), name, version, source, key),
            *(_parsed(payload), _parsed(headers), self._time(at), subject),
        )

    def _uuid(self, value: Any) -> UUID:
        return value if isinstance(value, UUID) else UUID(value)

    def _time(self, value: Any) -> datetime:
        return value  # type: ignore[no-any-return]


def _parsed(text: str) -> Any:
    """The JSON data; or the text itself, which no handler can read, when Python cannot hold what
    the database can (nested too deep, an integer of 5,000 digits): that event alone must fail."""
    try:
        return _read(text)[0] if text.startswith("{") else json.loads(text)
    except (ValueError, RecursionError):
        return text


def is_operational(error: BaseException) -> bool:
    """Whether the database, not the statement, was at fault."""
    return isinstance(error, OperationalError)
