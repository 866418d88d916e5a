"""While a rebuild is under way: what the operators decided holds again, what was parked before it
takes its place, and where the cursor stood it ends."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from uuid import UUID

from eventbus import conf, parking
from eventbus.engines import Engine
from eventbus.engines.base import Fetched
from eventbus.envelope import Envelope
from eventbus.models import Cursor, Intervention, Parked, Rebuild
from eventbus.runs import Run

Act = Intervention.Act
State = Parked.State


@dataclass(frozen=True, slots=True)
class Again:
    """What a batch must know whose events are read again, or for the first time after those."""

    subscriber: str = ""
    acts: Mapping[UUID, Intervention] = field(default_factory=dict)  # the newest of each event
    under_way: bool = True

    def prepared(self, run: Run) -> Run:
        """The run's events as they are to be handled, their turn having come: without those that
        an operator skipped, the others as edited; none of them is owed any more."""
        if not self.under_way:
            return run
        self._take_owed(run.events)
        kept = [event for event in run.events if not self._is_skipped(event)]
        return replace(run, events=[self._edited(event) for event in kept])

    def prepared_one(self, event: Envelope) -> Envelope:
        """The same for an event that is to be parked, skipped or not."""
        if not self.under_way:
            return event
        self._take_owed([event])
        return self._edited(event)

    def _is_skipped(self, event: Envelope) -> bool:
        found = self.acts.get(event.event_id)
        return found is not None and found.act == Act.SKIP

    def _edited(self, event: Envelope) -> Envelope:
        found = self.acts.get(event.event_id)
        if found is None or found.payload is None:
            return event
        return event._replace(payload=found.payload)

    def _take_owed(self, events: Iterable[Envelope]) -> None:
        positions = [event.position for event in events]
        owed = parking.rows().filter(subscriber=self.subscriber, state=State.OWED)
        owed.filter(position__in=positions).delete()


NO_REBUILD = Again(under_way=False)


def of(subscriber: str, fetched: Fetched) -> Again:
    """What the operators decided about the events when they came for the first time."""
    if not fetched.rebuilding:
        return NO_REBUILD
    acts = Intervention.objects.using(conf.get("database")).filter(
        subscriber=subscriber,
        act__in=[Act.SKIP, Act.EDIT, Act.REDELIVER],  # the last: skipped no more, still as edited
        event_id__in=[event.event_id for event in fetched.events],
    )
    return Again(subscriber, {act.event_id: act for act in acts.order_by("id") if act.event_id})


def finish_if_done(engine: Engine, cursor: int) -> None:
    """End the cursor's rebuild when it is back where it was; under the cursor's lock."""
    alias = engine.connection.alias
    rebuild = Rebuild.objects.using(alias).select_related("cursor").filter(pk=cursor).first()
    if rebuild is None or not _is_back(rebuild.cursor, rebuild):
        return
    _release_owed(engine, rebuild.cursor)
    begun = Intervention.objects.using(alias).filter(
        act=Act.REPLAY, subscriber=rebuild.cursor.subscriber
    )
    Intervention.objects.using(alias).create(
        act=Act.REPLAY,
        by=begun.order_by("id").values_list("by", flat=True).last() or "",
        reason=f"finished: {rebuild.cursor}",
        subscriber=rebuild.cursor.subscriber,
        payload=rebuild.muted,
        at=engine.clock(),
    )
    rebuild.delete()


def _is_back(cursor: Cursor, rebuild: Rebuild) -> bool:
    there = rebuild.target or rebuild.tick  # the last tick of which something was handled
    return cursor.pos >= rebuild.pos if there is None else (cursor.tick or 0) >= there


def _release_owed(engine: Engine, cursor: Cursor) -> None:
    """What the rebuild did not come by (nothing handles it any more) is as parked as before."""
    left = parking.rows().filter(
        subscriber=cursor.subscriber,
        shard__gte=cursor.lo,
        shard__lt=cursor.hi,
        state=State.OWED,
    )
    keys = set(left.values_list("source", "key"))
    left.update(state=State.WAITING)
    for source, key in keys:
        parking.bring_forward(cursor.subscriber, source, key, now=engine.clock())
