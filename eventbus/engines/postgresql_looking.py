"""PostgreSQL: what there is to read, asked without locks. The words for what a tick has seen are
here too."""

from collections.abc import Collection

from eventbus.engines.base import Engine, Look, Names

ENOUGH = 1000  # unread events looked at before a cursor is worth a claim in any case

NEWEST = "(SELECT max(id) FROM eventbus_tick)"
# The events that the tick {0} did not see are those of later transactions and of the ones that
# were under way. Written with two bounds, so that the planner takes the index on xid, also when
# somebody's transaction has been open for hours.
LATER = (
    "e.xid >= (SELECT pg_snapshot_xmax(snapshot) FROM eventbus_tick WHERE id = {0})"
    " AND e.xid < pg_snapshot_xmax({1})"
)
UNDER_WAY = (
    "e.xid = ANY (ARRAY(SELECT pg_snapshot_xip(snapshot) FROM eventbus_tick WHERE id = {0}))"
)
SEEN = "pg_visible_in_snapshot(e.xid, (SELECT snapshot FROM eventbus_tick WHERE id = {0}))"
NOW = "pg_current_snapshot()"
UNSEEN_BY_NEWEST = (
    f"(({NEWEST} IS NULL AND EXISTS (SELECT 1 FROM eventbus_event))"
    " OR coalesce((SELECT xid FROM eventbus_event ORDER BY xid DESC LIMIT 1)"
    f" >= (SELECT pg_snapshot_xmax(snapshot) FROM eventbus_tick WHERE id = {NEWEST}), FALSE)"
    f" OR EXISTS (SELECT 1 FROM eventbus_event e WHERE {UNDER_WAY.format(NEWEST)}))"
)


class PostgresqlLooking(Engine):
    """The questions of a worker that looks for work, and of those that look at it."""

    def look(self, subscribers: Collection[str]) -> Look:
        found = self._rows(
            "SELECT statement_timestamp(),"
            " EXISTS (SELECT 1 FROM eventbus_scheduled WHERE due_at <= statement_timestamp()),"
            f" {UNSEEN_BY_NEWEST},"
            " EXISTS (SELECT 1 FROM eventbus_cursor c WHERE NOT c.paused"
            " AND c.subscriber = ANY(%s) AND (c.target IS NOT NULL"
            f" OR coalesce(c.tick, 0) < least(c.stop_at, {NEWEST}))),"
            " EXISTS (SELECT 1 FROM eventbus_parked WHERE state = 'retrying'"
            " AND next_at <= statement_timestamp()),"
            " EXISTS (SELECT 1 FROM eventbus_parked WHERE state IN ('to call', 'calling')"
            " AND next_at <= statement_timestamp())",
            [list(subscribers)],
        )
        return Look(*found[0])

    def pending(self, wanted: Names) -> list[tuple[str, int]]:
        pairs = [(subscriber, name) for subscriber, names in wanted.items() for name in names]
        if self.by_id:
            unread = (
                "EXISTS (SELECT 1 FROM eventbus_event e WHERE e.id > c.pos AND e.shard >= c.lo"
                " AND e.shard < c.hi AND e.name = ANY(w.names))"
            )
        else:
            some = "SELECT e.name FROM eventbus_event e WHERE {0} AND e.shard >= c.lo AND e.shard < c.hi"
            unread = (
                "(c.target IS NOT NULL OR c.tick IS NULL"
                f" OR (c.stop_at IS NULL OR c.tick < c.stop_at) AND (SELECT count(*) >= {ENOUGH}"
                " OR coalesce(bool_or(x.name = ANY(w.names)), FALSE) FROM ("
                f"({some.format(UNDER_WAY.format('c.tick'))} LIMIT {ENOUGH}) UNION ALL"
                f" ({some.format(LATER.format('c.tick', NOW))} ORDER BY e.xid LIMIT {ENOUGH})) x))"
            )
        return self._rows(
            "SELECT c.subscriber, c.id FROM eventbus_cursor c JOIN (SELECT subscriber,"
            " array_agg(name) AS names FROM unnest(%s::text[], %s::text[]) AS pair(subscriber, name)"
            f" GROUP BY 1) w USING (subscriber) WHERE NOT c.paused AND {unread}",
            [[subscriber for subscriber, _ in pairs], [name for _, name in pairs]],
        )

    def lagging(self, subscribers: Collection[str]) -> list[tuple[str, int]]:
        return self._rows(
            "SELECT subscriber, id FROM eventbus_cursor WHERE subscriber = ANY(%s) AND NOT paused"
            f" AND coalesce(tick, 0) < least(stop_at, {NEWEST})",
            [list(subscribers)],
        )
