"""Ways of finding new events that look right and are not. The suite must fail each of them."""

from typing import Any

from eventbus.engines.base import Engine, Fetched, Move, Names, Wanted
from eventbus.engines.postgresql import PostgresqlEngine

HORIZON = "pg_snapshot_xmin(pg_current_snapshot())"


class OneByOne(PostgresqlEngine):
    """Right as yet; each cursor is asked about by itself."""

    fetch_all = Engine.fetch_all
    advance_all = Engine.advance_all


class ById(OneByOne):
    """`id > last`: an event whose transaction commits late is passed over for ever."""

    def fetch(self, wanted: Wanted) -> Fetched:
        return self._read(wanted, ("e.id > %s", [wanted.claim.pos], "e.id"))

    def pending(self, wanted: Names) -> list[tuple[str, int]]:
        return self._rows(
            "SELECT subscriber, id FROM eventbus_cursor c WHERE subscriber = ANY(%s)"
            " AND EXISTS (SELECT 1 FROM eventbus_event e WHERE e.id > c.pos)",
            [list(wanted)],
        )

    def advance(self, move: Move) -> None:
        with self.connection.cursor() as cursor:
            cursor.execute(
                "UPDATE eventbus_cursor SET pos = greatest(pos, %s) WHERE id = %s",
                [move.last, move.claim.cursor],
            )


class ByTransaction(OneByOne):
    """`(xid, id)` below the oldest open transaction: reorders, and stalls behind strangers."""

    def fetch(self, wanted: Wanted) -> Fetched:
        where = f"e.xid < {HORIZON} AND (e.xid, e.id) > (%s::text::xid8, %s)"
        claim = wanted.claim
        return self._read(wanted, (where, [str(claim.tick or 0), claim.pos], "e.xid, e.id"))

    def pending(self, wanted: Names) -> list[tuple[str, int]]:
        return self._rows(
            "SELECT subscriber, id FROM eventbus_cursor c WHERE subscriber = ANY(%s)"
            f" AND EXISTS (SELECT 1 FROM eventbus_event e WHERE e.xid < {HORIZON}"
            " AND (e.xid, e.id) > (coalesce(c.tick, 0)::text::xid8, c.pos))",
            [list(wanted)],
        )

    def advance(self, move: Move) -> None:
        if move.last:
            with self.connection.cursor() as cursor:
                cursor.execute(
                    "UPDATE eventbus_cursor SET pos = %s, tick = (SELECT xid::text::bigint"
                    " FROM eventbus_event WHERE id = %s) WHERE id = %s",
                    [move.last, move.last, move.claim.cursor],
                )


class TickInside(OneByOne):
    """The snapshot is taken in the consumer's own transaction: what that one publishes afterwards
    counts as seen already."""

    def refresh(self) -> None:
        pass

    def fetch(self, wanted: Wanted) -> Fetched:
        with self.connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO eventbus_tick (created_at, snapshot)"
                " VALUES (statement_timestamp(), pg_current_snapshot()) RETURNING id"
            )
            wanted.claim.newest = cursor.fetchone()[0]
        return super().fetch(wanted)


class OneTick(OneByOne):
    """A cursor takes exactly one tick a transaction: fine ticks leave it behind for ever."""

    def fetch(self, wanted: Wanted) -> Fetched:
        claim = wanted.claim
        if claim.target is None:
            found: list[tuple[Any, ...]] = self._rows(
                "SELECT min(id) FROM eventbus_tick WHERE id > %s", [claim.tick or 0]
            )
            claim.target = found[0][0]
        return super().fetch(wanted)
