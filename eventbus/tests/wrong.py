"""Ways of finding new events that look right and are not. The suite must fail each of them."""

from collections.abc import Collection
from typing import Any

from eventbus.engines.base import Claim, Fetched, Names
from eventbus.engines.postgresql import PostgresqlEngine

HORIZON = "pg_snapshot_xmin(pg_current_snapshot())"


class ById(PostgresqlEngine):
    """`id > last`: an event whose transaction commits late is passed over for ever."""

    def fetch(self, claim: Claim, names: Collection[str], limit: int) -> Fetched:
        return self._read(claim, "e.id > %s", [claim.pos], "e.id", names, limit)

    def pending(self, wanted: Names) -> list[tuple[str, int]]:
        return self._rows(
            "SELECT subscriber, id FROM eventbus_cursor c WHERE subscriber = ANY(%s)"
            " AND EXISTS (SELECT 1 FROM eventbus_event e WHERE e.id > c.pos)",
            [list(wanted)],
        )

    def advance(self, claim: Claim, last: int, *, complete: bool) -> None:
        with self.connection.cursor() as cursor:
            cursor.execute(
                "UPDATE eventbus_cursor SET pos = greatest(pos, %s) WHERE id = %s",
                [last, claim.cursor],
            )


class ByTransaction(PostgresqlEngine):
    """`(xid, id)` below the oldest open transaction: reorders, and stalls behind strangers."""

    def fetch(self, claim: Claim, names: Collection[str], limit: int) -> Fetched:
        return self._read(
            claim,
            f"e.xid < {HORIZON} AND (e.xid, e.id) > (%s::text::xid8, %s)",
            [str(claim.tick or 0), claim.pos],
            "e.xid, e.id",
            names,
            limit,
        )

    def pending(self, wanted: Names) -> list[tuple[str, int]]:
        return self._rows(
            "SELECT subscriber, id FROM eventbus_cursor c WHERE subscriber = ANY(%s)"
            f" AND EXISTS (SELECT 1 FROM eventbus_event e WHERE e.xid < {HORIZON}"
            " AND (e.xid, e.id) > (coalesce(c.tick, 0)::text::xid8, c.pos))",
            [list(wanted)],
        )

    def advance(self, claim: Claim, last: int, *, complete: bool) -> None:
        if last:
            with self.connection.cursor() as cursor:
                cursor.execute(
                    "UPDATE eventbus_cursor SET pos = %s, tick = (SELECT xid::text::bigint"
                    " FROM eventbus_event WHERE id = %s) WHERE id = %s",
                    [last, last, claim.cursor],
                )


class TickInside(PostgresqlEngine):
    """The snapshot is taken in the consumer's own transaction: what that one publishes afterwards
    counts as seen already."""

    def refresh(self) -> None:
        pass

    def fetch(self, claim: Claim, names: Collection[str], limit: int) -> Fetched:
        with self.connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO eventbus_tick (created_at, snapshot)"
                " VALUES (statement_timestamp(), pg_current_snapshot()) RETURNING id"
            )
            claim.newest = cursor.fetchone()[0]
        return super().fetch(claim, names, limit)


class OneTick(PostgresqlEngine):
    """A cursor takes exactly one tick a transaction: fine ticks leave it behind for ever."""

    def fetch(self, claim: Claim, names: Collection[str], limit: int) -> Fetched:
        if claim.target is None:
            found: list[tuple[Any, ...]] = self._rows(
                "SELECT min(id) FROM eventbus_tick WHERE id > %s", [claim.tick or 0]
            )
            claim.target = found[0][0]
        return super().fetch(claim, names, limit)
