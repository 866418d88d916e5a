"""Ways of finding new events that look right and are not. The suite must fail each of them."""

from collections.abc import Collection
from typing import Any

from eventbus.engines.base import READ, Claim
from eventbus.engines.postgresql import PostgresqlEngine
from eventbus.envelope import Envelope

HORIZON = "pg_snapshot_xmin(pg_current_snapshot())"


class ById(PostgresqlEngine):
    """`id > last`: an event whose transaction commits late is passed over for ever."""

    def fetch(self, claim: Claim, names: Collection[str], limit: int) -> list[Envelope]:
        return self._envelopes(
            f"SELECT {READ} FROM eventbus_event e WHERE e.id > %s AND e.shard >= %s"
            " AND e.shard < %s AND e.name = ANY(%s) ORDER BY e.id LIMIT %s",
            [claim.pos, claim.lo, claim.hi, list(names), limit],
        )

    def pending(self, subscriber: str, names: Collection[str]) -> list[int]:
        return [
            cursor
            for (cursor,) in self._rows(
                "SELECT id FROM eventbus_cursor c WHERE subscriber = %s"
                " AND EXISTS (SELECT 1 FROM eventbus_event e WHERE e.id > c.pos)",
                [subscriber],
            )
        ]

    def advance(self, claim: Claim, last: int, *, complete: bool) -> None:
        with self.connection.cursor() as cursor:
            cursor.execute(
                "UPDATE eventbus_cursor SET pos = greatest(pos, %s) WHERE id = %s",
                [last, claim.cursor],
            )


class ByTransaction(PostgresqlEngine):
    """`(xid, id)` below the oldest open transaction: reorders, and stalls behind strangers."""

    def fetch(self, claim: Claim, names: Collection[str], limit: int) -> list[Envelope]:
        return self._envelopes(
            f"SELECT {READ} FROM eventbus_event e WHERE e.xid < {HORIZON}"
            " AND (e.xid, e.id) > (%s::text::xid8, %s) ORDER BY e.xid, e.id LIMIT %s",
            [str(claim.tick or 0), claim.pos, limit],
        )

    def pending(self, subscriber: str, names: Collection[str]) -> list[int]:
        return [
            cursor
            for (cursor,) in self._rows(
                "SELECT id FROM eventbus_cursor c WHERE subscriber = %s AND EXISTS (SELECT 1"
                f" FROM eventbus_event e WHERE e.xid < {HORIZON}"
                " AND (e.xid, e.id) > (coalesce(c.tick, 0)::text::xid8, c.pos))",
                [subscriber],
            )
        ]

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

    def fetch(self, claim: Claim, names: Collection[str], limit: int) -> list[Envelope]:
        with self.connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO eventbus_tick (created_at, snapshot)"
                " VALUES (statement_timestamp(), pg_current_snapshot())"
            )
        return super().fetch(claim, names, limit)


class OneTick(PostgresqlEngine):
    """A cursor takes exactly one tick a transaction: fine ticks leave it behind for ever."""

    def fetch(self, claim: Claim, names: Collection[str], limit: int) -> list[Envelope]:
        if claim.target is None:
            found: list[tuple[Any, ...]] = self._rows(
                "SELECT min(id) FROM eventbus_tick WHERE id > %s", [claim.tick or 0]
            )
            claim.target = found[0][0]
        return super().fetch(claim, names, limit)
