"""PostgreSQL: claiming cursors, reading what is new between their ticks, and moving them on.

What is done for several cursors in one transaction is one statement for all: a round trip each
would be most of the time that an event takes on a quiet system.
"""

from collections.abc import Collection, Sequence
from typing import Any

from eventbus.engines.base import (
    CLAIM,
    EXCEPTIONS,
    READ,
    Claim,
    Engine,
    Fetched,
    Move,
    Wanted,
)
from eventbus.engines.postgresql_looking import LATER, NEWEST, SEEN, UNDER_WAY

READ_TEXT = READ.replace("load,", "load::text,").replace("headers,", "headers::text,")
# Advisory locks (ALONE, subscriber): shared by its batches, unless one wants it all.
ALONE = 0x6275_7361
FREE = f"NOT paused AND pg_try_advisory_xact_lock_shared({ALONE}, hashtext(subscriber))"
# The newest tick may be older than what the row says by now: then there is nothing to read. The
# ticks' snapshots are read by the next statement, under the lock.
LOCK = f"SELECT {CLAIM}, {NEWEST} FROM eventbus_cursor WHERE {{0}} FOR UPDATE {{1}}"
DONE = "careful_until = %s, suspect = NULL, begun = 0, moved_at = statement_timestamp()"
UPTO = "(SELECT snapshot FROM eventbus_tick WHERE id = %s)"

Query = tuple[str, list[Any], str]  # condition, its parameters, and order


class PostgresqlReading(Engine):
    """The claim is the cursor's row lock, `FOR UPDATE SKIP LOCKED`."""

    def claim(self, cursor: int, *, alone: bool = False) -> Claim | None:
        free = FREE.replace("_shared", "") if alone else FREE
        return self._claim(f"id = %s AND {free}", [cursor], skip_locked=True)

    def claim_all(self, cursors: Collection[int]) -> dict[int, Claim]:
        # Twice, and in a CASE, or the planner might take the advisory locks of others, too.
        wanted = f"id = ANY(%s) AND CASE WHEN id = ANY(%s) THEN {FREE} ELSE FALSE END"
        found = self._rows(LOCK.format(wanted, "SKIP LOCKED"), [list(cursors)] * 2)
        return {row[0]: Claim(*row) for row in found}

    def _claim(self, where: str, params: list[Any], *, skip_locked: bool) -> Claim | None:
        found = self._rows(LOCK.format(where, "SKIP LOCKED" if skip_locked else ""), params)
        return Claim(*found[0]) if found else None

    def fetch(self, wanted: Wanted) -> Fetched:
        """Events between the claim's tick and its target, which stays fixed until all are done:
        under a newer target, ids below the position could have become visible meanwhile."""
        fetched = self._fetch(wanted)
        if not fetched.events and self._ended_there(wanted.claim):
            fetched = self._fetch(wanted)
        return fetched

    def fetch_all(self, wanted: Sequence[Wanted]) -> list[Fetched]:
        queries = [(each, self._query(each.claim)) for each in wanted]
        selects = [
            self._select(each, query, place)
            for place, (each, query) in enumerate(queries)
            if query is not None
        ]
        if len(selects) < 2:
            return super().fetch_all(wanted)
        found = self._rows(
            " UNION ALL ".join(f"({sql})" for sql, _ in selects),
            [param for _, params in selects for param in params],
        )
        rows: list[list[tuple[Any, ...]]] = [[] for _ in wanted]
        for row in sorted(found, key=lambda row: row[0]):  # the parts are ordered, a union is not
            rows[row[-1]].append(row[:-1])
        fetched = [self._fetched(e.claim, mine) for e, mine in zip(wanted, rows, strict=True)]
        return [
            self._fetch(each) if not got.events and self._ended_there(each.claim) else got
            for each, got in zip(wanted, fetched, strict=True)
        ]

    def _fetch(self, wanted: Wanted) -> Fetched:
        query = self._query(wanted.claim)
        return Fetched() if query is None else self._read(wanted, query)

    def _ended_there(self, claim: Claim) -> bool:
        """Whether the last batch had ended just at its target; the claim goes on from there at
        once, or what came since would wait."""
        if self.by_id or claim.target is None or claim.target == claim.newest:
            return False
        claim.tick, claim.target, claim.pos = claim.target, None, 0
        return True

    def _query(self, claim: Claim) -> Query | None:
        """What lies ahead of the claim, up to its target, which is set if it had none; None when
        that is nothing."""
        if self.by_id:
            return "e.id > %s", [claim.pos], "e.id"
        aim = claim.newest
        if aim is not None and claim.stop_at is not None:
            aim = min(aim, claim.stop_at)
        seen, tick, target = SEEN.format("%s"), claim.tick, claim.target or aim
        # `newest` may be older than the row, which was locked in a later version than the rest of
        # the statement saw: what is not ahead of the cursor must not become its target.
        if target is None or (tick is not None and target <= tick):
            return None
        claim.target = target
        if tick is None:  # nothing is done yet: all that the target sees
            return f"{seen} AND e.id > %s", [target, claim.pos], "e.id"
        if claim.pos:  # on the way: from the position on, along the log
            return f"{seen} AND NOT {seen} AND e.id > %s", [target, tick, claim.pos], "e.id"
        # The first batch: only what is new, however long the log; by xid, so not in the order of
        # the ids, which the index on them must not be taken for (hence the sum).
        where = f"{seen} AND ({LATER.format('%s', UPTO)} OR {UNDER_WAY.format('%s')})"
        return where, [target, tick, target, tick], "e.id + 0"

    def _read(self, wanted: Wanted, query: Query) -> Fetched:
        rows = self._rows(*self._select(wanted, query))
        return self._fetched(wanted.claim, rows)

    def _select(
        self, wanted: Wanted, query: Query, place: int | None = None
    ) -> tuple[str, list[Any]]:
        """The statement and its parameters; with `place`, that is every row's last column."""
        (where, params, order), claim = query, wanted.claim
        last = "" if place is None else f", {place}"
        # The rows are chosen first: to make text of JSON before the sort would be for all of them.
        sql = (
            f"SELECT {READ_TEXT}, {EXCEPTIONS}{last} FROM (SELECT * FROM eventbus_event e"
            f" WHERE {where} AND e.shard >= %s AND e.shard < %s AND e.name = ANY(%s)"
            f" ORDER BY {order} LIMIT %s) e ORDER BY e.id"
        )
        return sql, [
            *(claim.subscriber, claim.subscriber, claim.cursor),
            *(*params, claim.lo, claim.hi, list(wanted.names), wanted.limit),
        ]

    def _muted(self, claim: Claim, positions: list[int]) -> list[int]:
        handled = (
            f"{SEEN.format('r.tick')} OR ({SEEN.format('r.target')} AND e.id <= r.pos)"
            if not self.by_id
            else "e.id <= r.pos"
        )
        found = self._rows(
            "SELECT e.id FROM eventbus_event e JOIN eventbus_rebuild r ON r.cursor_id = %s"
            f" WHERE e.id = ANY(%s) AND ({handled}) AND NOT EXISTS ("
            "SELECT 1 FROM eventbus_parked k WHERE k.subscriber = %s AND k.position = e.id)",
            [claim.cursor, positions, claim.subscriber],
        )
        return [position for (position,) in found]

    def advance(self, move: Move) -> None:
        self._execute(
            f"UPDATE eventbus_cursor SET tick = %s, target = %s, pos = %s, {DONE} WHERE id = %s",
            [*self._place(move), move.careful_until, move.claim.cursor],
        )

    def advance_all(self, moves: Sequence[Move]) -> None:
        if len(moves) < 2:
            super().advance_all(moves)
            return
        rows = [(*self._place(move), move.careful_until, move.claim.cursor) for move in moves]
        self._execute(
            "UPDATE eventbus_cursor c SET tick = m.tick, target = m.target, pos = m.pos,"
            f" {DONE.replace('%s', 'm.careful')} FROM unnest(%s::bigint[], %s::bigint[],"
            " %s::bigint[], %s::bigint[], %s::bigint[]) AS m(tick, target, pos, careful, cursor)"
            " WHERE c.id = m.cursor",
            [list(column) for column in zip(*rows, strict=True)],
        )

    def _place(self, move: Move) -> tuple[int | None, int | None, int]:
        """The cursor's tick, target and position from now on."""
        claim = move.claim
        if self.by_id:
            return claim.tick, None, move.last or claim.pos
        if move.complete:
            return claim.target or claim.tick, None, 0
        return claim.tick, claim.target, move.last

    def has_passed(self, cursor: int, position: int) -> bool:
        done = f"{SEEN.format('c.tick')} OR ({SEEN.format('c.target')} AND e.id <= c.pos)"
        found = self._rows(
            f"SELECT {'e.id <= c.pos' if self.by_id else done} FROM eventbus_event e,"
            " eventbus_cursor c WHERE e.id = %s AND c.id = %s",
            [position, cursor],
        )
        return bool(found and found[0][0])
