"""Finding the orders that are stuck: in progress although their time to pay is long over, because
what should have cancelled them was lost or waits for a person."""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import batched
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from prometheus_client import Counter

from apps.orders import queries
from apps.orders.events import SweepDue
from apps.orders.operations.deciding import time_out
from eventbus import publish

logger = logging.getLogger("orders.sweeping")

EVERY = timedelta(minutes=5)  # at most, while there are orders that may get stuck
AT_ONCE = 100  # orders in a transaction: SQLite has one writer at a time

SWEPT = Counter(
    "shop_orders_swept_total",
    "Orders that were stuck: cancelled, so that all they hold goes back, or failed to be.",
    ["outcome"],
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Swept:
    """What a sweep did."""

    cancelled: Sequence[UUID]
    failed: Sequence[UUID]  # left as they were, and logged


def sweep_orders(*, limit: int = AT_ONCE) -> Swept:
    """Cancel the stuck orders, at most `limit`, those that are overdue for longest. One that cannot
    be cancelled keeps no other stuck. May run many times at once: an order is cancelled once.
    """
    stuck = queries.stuck_orders().values_list("pk", flat=True)[:limit]
    done = _together([_cancel(some) for some in batched(sorted(stuck), AT_ONCE, strict=False)])
    for outcome, orders in (("cancelled", done.cancelled), ("failed", done.failed)):
        count = partial(SWEPT.labels(outcome).inc, len(orders))
        transaction.on_commit(count, robust=True)
    return done


def _cancel(orders: Sequence[UUID]) -> Swept:
    """In one transaction or savepoint; when that fails, one by one."""
    try:
        return Swept(cancelled=sorted(time_out(orders)), failed=())
    except Exception:
        if len(orders) == 1:
            logger.exception("order %s is stuck and cannot be cancelled", orders[0])
            return Swept(cancelled=(), failed=orders)
    return _together([_cancel([order]) for order in orders])


def _together(parts: Iterable[Swept]) -> Swept:
    every = list(parts)
    return Swept(
        cancelled=[order for part in every for order in part.cancelled],
        failed=[order for part in every for order in part.failed],
    )


@transaction.atomic
def sweep_on_time() -> Swept:
    """Sweep, and plan the next sweep if something is left for it."""
    swept = sweep_orders()
    if queries.stuck_orders().exists():
        plan_sweep(timezone.now() - queries.STUCK_AFTER)
    return swept


_planned: set[datetime] = set()  # by this process, and committed


def plan_sweep(pay_before: datetime) -> None:
    """See to it that there is a sweep soon after an order that is to be paid by then is stuck.

    One sweep serves all orders of its five minutes, and each process asks for it once. Its key is
    its own: nothing that is parked for an order, or for a sweep before, keeps it from running.
    """
    at = next_sweep(pay_before + queries.STUCK_AFTER)
    if at not in _planned:
        publish(SweepDue(at=at), key=f"sweep {at:%Y-%m-%dT%H:%M}", at=at)
        transaction.on_commit(partial(_remember, at))


def next_sweep(after: datetime) -> datetime:
    """The first full five minutes (UTC) after that."""
    since = after - datetime.min.replace(tzinfo=UTC)
    return after - since % EVERY + EVERY


def _remember(at: datetime) -> None:
    _planned.clear()  # later orders have later sweeps
    _planned.add(at)
