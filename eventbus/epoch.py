"""After a restore into another database cluster (PostgreSQL).

The log and the ticks hold transaction ids, which mean nothing in a cluster that has counted its
own: everything would look handled, or nothing (ThreeDotsLabs/watermill-sql calls that expected,
watermill issue 576). So the bus remembers its cluster, and when it wakes up in another one it
numbers the events anew, such that every tick that a cursor stands at sees exactly what it saw.

On SQLite positions are ids, which a copied file keeps.
"""

from django.db import transaction
from django.db.backends.utils import CursorWrapper
from django.db.models.functions import Now

from eventbus.engines import Engine
from eventbus.errors import BusError
from eventbus.models import Cluster

REMEMBERING = 0x6275_7365  # advisory lock: one process looks, and numbers anew, at a time
BASE = 3  # the first transaction id that PostgreSQL gives to anybody

# All ticks but those that some cursor or rebuild stands at.
DELETE_OTHERS = """
    DELETE FROM eventbus_tick WHERE id NOT IN (SELECT needed FROM (
        SELECT unnest(ARRAY[tick, target, stop_at]) FROM eventbus_cursor
        UNION SELECT unnest(ARRAY[tick, target]) FROM eventbus_rebuild
    ) places(needed) WHERE needed IS NOT NULL)
"""
# Published here before this ran: behind the last event whose transaction is yet to come here.
# When the old cluster had counted less far there is none, and the ticks see no event of today.
RESTORED = """
    SELECT max(id) FROM eventbus_event WHERE xid >= pg_snapshot_xmax(pg_current_snapshot())
"""
# Every event gets the rank of the first tick that saw it; unseen ones the next.
NUMBER_EVENTS = """
    WITH ranked AS (SELECT snapshot, row_number() OVER (ORDER BY id) AS rank FROM eventbus_tick)
    UPDATE eventbus_event e SET xid = (%(base)s + coalesce((
        SELECT min(rank) FROM ranked
        WHERE pg_visible_in_snapshot(e.xid, snapshot) AND e.id <= coalesce(%(restored)s, e.id)
    ), %(ticks)s + 1))::text::xid8
"""
NUMBER_TICKS = """
    WITH ranked AS (SELECT id, row_number() OVER (ORDER BY id) AS rank FROM eventbus_tick)
    UPDATE eventbus_tick t
    SET snapshot = format('%%1$s:%%1$s:', %(base)s + rank + 1)::pg_snapshot
    FROM ranked WHERE ranked.id = t.id
"""


class TooYoungACluster(BusError):
    """The log was restored into a cluster that has hardly used transaction ids: use some, by
    `SELECT pg_current_xact_id()` again and again, and start anew. Nothing was changed."""


def guard(bus: Engine) -> bool:
    """Make sure that the positions mean something in this cluster; whether they had to be
    converted. Call it before anything is read.

    What every cursor had handled stays handled, in the middle of a target too, and nothing else
    does. Locks the log meanwhile (some seconds for a million events). Raises TooYoungACluster.
    """
    if bus.connection.vendor != "postgresql":
        return False
    alias = bus.connection.alias
    with transaction.atomic(using=alias), bus.connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [REMEMBERING])
        cursor.execute("SELECT system_identifier::text FROM pg_control_system()")
        here = cursor.fetchone()[0]
        known = Cluster.objects.using(alias).first()
        if known is not None and known.identifier == here:
            return False
        if known is not None:
            _number_anew(cursor)
            known.delete()
        Cluster.objects.using(alias).create(identifier=here, since=Now())
    return known is not None


def _number_anew(cursor: CursorWrapper) -> None:
    cursor.execute(
        "LOCK TABLE eventbus_cursor, eventbus_rebuild, eventbus_tick, eventbus_event"
        " IN ACCESS EXCLUSIVE MODE"
    )
    cursor.execute(DELETE_OTHERS)
    cursor.execute("SELECT count(*) FROM eventbus_tick")
    ticks = cursor.fetchone()[0]
    cursor.execute("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
    if BASE + ticks + 1 >= (oldest := cursor.fetchone()[0]):
        raise TooYoungACluster(f"At least {BASE + ticks + 2} are needed, used: {oldest}.")
    cursor.execute(RESTORED)
    numbers = {"base": BASE, "ticks": ticks, "restored": cursor.fetchone()[0]}
    cursor.execute(NUMBER_EVENTS, numbers)
    cursor.execute(NUMBER_TICKS, numbers)
