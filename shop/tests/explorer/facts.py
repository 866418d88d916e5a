"""What a state is, without what was drawn: ids are called by what they belong to. A state is a tuple of
numbers, one for each cell: a table, a subscriber's queue, what it has handled or holds back, what is scheduled,
the clock. Two cells with the same number hold the same."""

import json
import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Set
from datetime import UTC, datetime
from functools import cache
from typing import Any, NamedTuple
from uuid import UUID

from django.apps import apps
from django.db.models import AutoField, BigAutoField, Model

from eventbus.registry import subscribers
from eventbus.shards import SHARDS, shard_of
from shop.tests.explorer.world import World

Facts = tuple[int, ...]
Pairs = tuple[tuple[str, str], ...]
APPS = ("products", "users", "cart", "orders", "payments", "inventory", "notifications")
UNREAD = ("text", "html", "body", "headers", "password")  # columns that no handler reads
DRAWN = re.compile(
    r"[0-9a-f]{32}|[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}|drawn-\d{20}"
    r"|(?<=token=)[\w-]+|\b\d{8}\b",
    re.ASCII,
)
WORD = re.compile(r"\w+")

ORDERS = "SELECT id, owner, number, status FROM orders_order ORDER BY placed_at, number"
EVENT = "e.name, e.key, e.source, e.occurred_at, e.payload"


class Event(NamedTuple):
    """An event, as far as it is not drawn."""

    name: str
    key: str
    about: str  # a webhook, a mail, a refund
    number: Any
    source: str
    at: datetime
    rest: Pairs


class Unread(NamedTuple):
    """An event in a subscriber's queue."""

    range: str
    event: Event


class Held(NamedTuple):
    """An event that a subscriber holds back."""

    state: str
    at: datetime | None  # when its time comes; None: it has
    failed: bool
    event: Event


class Due(NamedTuple):
    at: datetime
    event: Event


class Names:
    """What ids are called."""

    def __init__(self, world: World) -> None:
        self.of: dict[str, str] = {}
        count: dict[str, int] = defaultdict(int)
        self._shards: list[tuple[int, str]] = []
        for pk, owner, number, _ in world.rows(ORDERS):
            count[owner] += 1
            self.add(pk, f"{owner}{count[owner]}")
            self._shards.append((shard_of(str(UUID(pk))), self.of[pk]))
            self.of[number] = self.of[pk]
        for pk, order, key in world.rows("SELECT id, order_id, gateway_key FROM payments_payment"):
            self.add(pk, f"payment {self(order)}")
            self.of[key] = f"charge {self(order)}"
        refunds = "SELECT r.id, r.gateway_key, p.order_id FROM payments_refund r"
        refunds += " JOIN payments_payment p ON p.id = r.payment_id ORDER BY r.id"
        for pk, key, order in world.rows(refunds):
            self.add(pk, f"refund {self(order)}")
            self.of[key] = self.of[pk]
        for pk, key, version in world.rows("SELECT id, key, version FROM payments_gatewaywebhook"):
            self.add(pk, f"webhook {version} {self(key)}")
        mails = "SELECT id, order_id, kind FROM notifications_notification"
        for pk, order, kind in world.rows(mails):
            self.add(pk, f"mail {kind} {self(order)}")
        for number, (pk, owner) in enumerate(
            world.rows("SELECT id, owner FROM cart_cart ORDER BY id")
        ):
            self.add(pk, f"{number} of {owner}")

    def add(self, pk: str, name: str) -> None:
        self.of[pk] = name
        self.of[f"{pk[:8]}-{pk[8:12]}-{pk[12:16]}-{pk[16:20]}-{pk[20:]}"] = name

    def __call__(self, value: Any) -> Any:
        if isinstance(value, datetime):
            return value.replace(tzinfo=None)
        if not isinstance(value, str):
            return value
        return self.of.get(value) or DRAWN.sub(lambda found: self.of.get(found[0], "id"), value)

    def range(self, lo: int, hi: int) -> str:
        """A range of shards, by the first order in it: which is the first one's is chance."""
        if hi - lo == SHARDS:
            return ""
        return next((name for shard, name in self._shards if lo <= shard < hi), f"{lo}")

    def event(self, name: str, key: str, source: str, at: Any, payload: str) -> Event:
        about, number, plain, drawn = _parsed(payload)
        rest = (*plain, *((field, self(value)) for field, value in drawn))
        return Event(name, self(key), self(about) or "", self(number), source, time_of(at), rest)


@cache
def _parsed(payload: str) -> tuple[str, Any, Pairs, Pairs]:
    """What it is about, its number, and its fields without and with what is drawn."""
    facts = json.loads(payload)
    about = facts.get("webhook_id") or facts.get("notification_id") or facts.get("refund_id") or ""
    fields = [
        (field, value if isinstance(value, str) else repr(value)) for field, value in facts.items()
    ]
    drawn = [one for one in fields if one[0] == "number" or DRAWN.search(one[1])]
    plain = [one for one in fields if one not in drawn]
    return about, facts.get("number", ""), tuple(plain), tuple(drawn)


def _columns(model: type[Model]) -> list[str]:
    return [
        str(field.column)
        for field in model._meta.concrete_fields
        if not isinstance(field, AutoField | BigAutoField) and field.column not in UNREAD
    ]


class Cells:
    """Where in the facts what is told."""

    def __init__(self) -> None:
        self.columns = {
            model._meta.db_table: columns
            for app in APPS
            for model in apps.get_app_config(app).get_models(include_auto_created=True)
            if (columns := _columns(model))
        }
        self.tables = {name: at for at, name in enumerate(self.columns)}
        self.queue, self.handled, self.parked = (
            {name: base + at for at, name in enumerate(subscribers)}
            for base in (len(self.tables) + len(subscribers) * kind for kind in range(3))
        )
        self.scheduled = len(self.tables) + 3 * len(subscribers)
        self.clock = self.scheduled + 1
        self.orders = self.tables["orders_order"]
        self.count = self.clock + 1

    def name(self, cell: int) -> str:
        for kind in ("tables", "queue", "handled", "parked"):
            for name, at in getattr(self, kind).items():
                if at == cell:
                    return f"{kind} {name}"
        return "scheduled" if cell == self.scheduled else "clock"

    def of_statement(self, sql: str, subscriber: str) -> Iterator[int]:
        """What a statement of that subscriber's, or of anybody's, looks at. The log and the cursors
        are not told: whose event it handles is known, and the others get what it publishes."""
        words = set(WORD.findall(sql))
        yield from (at for name, at in self.tables.items() if name in words)
        if "eventbus_parked" in words:
            yield from [self.parked[subscriber]] if subscriber else self.parked.values()
        if "eventbus_scheduled" in words:
            yield self.scheduled


class Known:
    """All that cells have held so far."""

    def __init__(self) -> None:
        self._ids: dict[Any, int] = {}
        self.values: list[Any] = []

    def id(self, value: Any) -> int:
        found = self._ids.setdefault(value, len(self.values))
        if found == len(self.values):
            self.values.append(value)
        return found


class Reader:
    """Reads the facts of the world as it is."""

    def __init__(self, last: Collection[str]) -> None:
        self.last, self.cells, self.known = last, Cells(), Known()

    def __call__(self, world: World, before: Facts | None, written: Set[str]) -> Facts:
        """All of them, or those that may have changed since `before`, as rows of the tables
        `written` have."""
        names, cells, known = Names(world), self.cells, self.known
        facts = [*(before or (0,) * cells.count)]

        def may_have_changed(*tables: str) -> bool:
            return before is None or not written.isdisjoint(tables)

        for name, at in cells.tables.items():
            if may_have_changed(name):
                facts[at] = known.id(tuple(self._rows(world, names, name)))
        if may_have_changed("eventbus_event", "eventbus_cursor"):
            for name, (unread, handled) in self._events(world, names).items():
                facts[cells.queue[name]] = known.id(tuple(unread))
                facts[cells.handled[name]] = known.id(tuple(sorted(handled, key=repr)))
        if may_have_changed("eventbus_parked"):
            held = self._held(world, names)
            for name, at in cells.parked.items():
                facts[at] = known.id(tuple(held[name]))
        if may_have_changed("eventbus_scheduled"):
            facts[cells.scheduled] = known.id(tuple(self._due(world, names)))
        facts[cells.clock] = known.id(("now", world.clock.now().replace(tzinfo=None)))
        return tuple(facts)

    def _rows(self, world: World, names: Names, table: str) -> Iterable[Any]:
        found = world.rows(f"SELECT {', '.join(self.cells.columns[table])} FROM {table}")
        rows = [tuple(map(names, row)) for row in found]
        return rows if table == "orders_order" else sorted(rows, key=repr)

    def _events(self, world: World, names: Names) -> dict[str, tuple[list[Unread], set[Event]]]:
        """What each subscriber has yet to read, as the log has it, and what of an order's it has
        handled, in which order is all the same."""
        found: dict[str, tuple[list[Unread], set[Event]]] = {
            name: ([], set()) for name in subscribers
        }
        cursors = world.rows("SELECT subscriber, lo, hi, pos FROM eventbus_cursor ORDER BY id")
        log = f"SELECT e.id, e.shard, {EVENT} FROM eventbus_event e ORDER BY e.id"
        for position, shard, kind, key, *facts in world.rows(log):
            event = names.event(kind, key, *facts)
            for name, lo, hi, reached in cursors:
                if not lo <= shard < hi or kind not in subscribers[name].handlers:
                    continue
                unread, handled = found[name]
                if position > reached:
                    unread.append(Unread(names.range(lo, hi), event))
                elif event.key != key and name not in self.last:
                    handled.add(event)
        return found

    def _held(self, world: World, names: Names) -> dict[str, list[Held]]:
        """Without attempts, which matter to one that fails: that is broken already; and without
        deaths, as it may have more than there are kills."""
        found, now = defaultdict(list), names(world.clock.now())
        for subscriber, state, at, error, *event in world.rows(
            f"SELECT e.subscriber, e.state, e.next_at, e.error, {EVENT}"
            " FROM eventbus_parked e ORDER BY e.position"
        ):
            due_at = None if (at := time_of(at)) <= now else at
            found[subscriber].append(Held(state, due_at, bool(error), names.event(*event)))
        return found

    def _due(self, world: World, names: Names) -> list[Due]:
        rows = world.rows(f"SELECT e.due_at, {EVENT} FROM eventbus_scheduled e")
        found = (Due(time_of(at), names.event(*event)) for at, *event in rows)
        return sorted(found, key=lambda one: (one.at, repr(one)))


def time_of(value: Any) -> datetime:
    """In UTC, without saying so."""
    time = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    return time.astimezone(UTC).replace(tzinfo=None) if time.tzinfo else time
