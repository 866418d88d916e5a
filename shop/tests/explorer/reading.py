"""What of a state matters: the tables without times and drawn ids, which are named by what they
belong to. Two states that read the same go on in the same ways."""

import json
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from typing import Any
from uuid import UUID

from django.utils import timezone

from eventbus.registry import subscribers
from eventbus.shards import shard_of
from shop.tests.explorer.freedom import is_note
from shop.tests.explorer.world import World

Rows = tuple[Any, ...]
MINUTE = 60.0

ORDERS = "SELECT id, owner, number, status FROM orders_order ORDER BY placed_at, number"
TABLES = (  # each row's first column is the order that it belongs to, or another name
    "SELECT id, status, failure_code, refunded, retry_of, pay_before > {now} FROM orders_order",
    "SELECT order_id, from_status, to_status FROM orders_statuschange",
    "SELECT order_id, kind FROM orders_timelineentry",
    "SELECT order_id, status FROM inventory_hold",
    "SELECT order_id, delta, kind FROM inventory_ledgerentry",
    "SELECT sku, on_hand, held FROM inventory_stockitem",
    "SELECT order_id, status, reserved, placed_at IS NULL, asked_at IS NULL, charge_version,"
    " captured_amount, refunded_amount, refunding_amount, challenge != '', min(asks, 5),"
    " challenge_expires_at > {now} FROM payments_payment",
    "SELECT p.order_id, r.status, r.amount, min(r.asks, 5), r.gateway_version"
    " FROM payments_refund r JOIN payments_payment p ON p.id = r.payment_id",
    "SELECT key, reference, status, version, told, asked, expires_at > {now}"
    " FROM payments_gatewaycharge",
    "SELECT key, status, told, amount FROM payments_gatewayrefund",
    "SELECT key, version FROM payments_gatewaywebhook",
    "SELECT key, version, result FROM payments_receivedwebhook",
    "SELECT order_id, kind, state, attempts, sent_at IS NULL FROM notifications_notification",
    "SELECT subject, recipients FROM notifications_mailboxmessage",
    "SELECT order_id, status FROM cart_cartorder",
    "SELECT c.owner, c.status, l.sku, l.quantity"
    " FROM cart_cart c LEFT JOIN cart_cartline l ON l.cart_id = c.id",
    "SELECT sku, available FROM cart_stock",
    "SELECT sku, available FROM products_availability",
    "SELECT order_id, status FROM products_boughtorder",
)

SHOWN = (  # what is kept for people only: no handler reads it
    "SELECT order_id, by FROM orders_statuschange",
    "SELECT key, version, sent FROM payments_gatewaywebhook",
    "SELECT key, version, deliveries FROM payments_receivedwebhook",
)


class Names:
    """What ids are called."""

    def __init__(self, world: World) -> None:
        self.of: dict[str, str] = {}
        count: dict[str, int] = defaultdict(int)
        self._statuses: dict[str, str] = {}
        self._shards: list[tuple[int, str]] = []
        for pk, owner, number, status in world.rows(ORDERS):
            count[owner] += 1
            self.add(pk, f"{owner}{count[owner]}")
            self._statuses[self.of[pk]] = status
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

    def add(self, pk: str, name: str) -> None:
        self.of[pk] = name
        self.of[f"{pk[:8]}-{pk[8:12]}-{pk[12:16]}-{pk[16:20]}-{pk[20:]}"] = name

    def __call__(self, value: Any) -> Any:
        return self.of.get(value, value) if isinstance(value, str) else value

    def status_of(self, key: str) -> str:
        """Of the order with that id; of others, nothing."""
        return self._statuses.get(self(key), "")

    def range(self, lo: int, hi: int) -> str:
        """A range of shards, by the first order in it: which is the first one's is chance."""
        return next((name for shard, name in self._shards if lo <= shard < hi), f"{lo}")

    def event(self, name: str, key: str, payload: str) -> Rows:
        facts = json.loads(payload)
        about = facts.get("webhook_id") or facts.get("notification_id") or facts.get("refund_id")
        return name, self(key), self(about), self(facts.get("number", ""))


def digest(world: World, *, last: Collection[str], reduced: bool = True) -> int:
    """The same for states that go on alike; `last` are the subscribers that read last. `reduced`,
    it is all the same when a note is to be read, and what is shown to people only is left out."""
    names, now = Names(world), timezone.now()
    stamp = f"'{now:%Y-%m-%d %H:%M:%S.%f}'"
    facts: list[Any] = []
    for sql in TABLES if reduced else (*TABLES, *SHOWN):
        rows = world.rows(sql.format(now=stamp))
        facts.append(sorted(repr(tuple(map(names, row))) for row in rows))
    for name in subscribers:
        pending = _pending(world, names, name)
        noted = [one for one in pending if name in last or (reduced and one.noted)]
        facts.append([one.fact for one in pending if one not in noted])
        facts.append(sorted(repr(one.fact) for one in noted))
    parked = "SELECT subscriber, state, min(attempts, 3), deaths, name, key, payload FROM eventbus_parked"
    facts.append(sorted(repr((*row[:4], names.event(*row[4:]))) for row in world.rows(parked)))
    scheduled = "SELECT due_at, name, key, payload FROM eventbus_scheduled"
    facts.append(
        sorted(repr((_ahead(row[0], now), names.event(*row[1:]))) for row in world.rows(scheduled))
    )
    return int.from_bytes(blake2b(repr(facts).encode(), digest_size=8).digest())


@dataclass(frozen=True, slots=True)
class Pending:
    """An event that a subscriber has yet to read."""

    fact: Rows
    noted: bool  # it is all the same when


def _pending(world: World, names: Names, subscriber: str) -> list[Pending]:
    handled = subscribers[subscriber].handlers
    rows = world.rows(
        "SELECT c.lo, c.hi, e.name, e.key, e.payload FROM eventbus_event e JOIN eventbus_cursor c"
        " ON e.id > c.pos AND e.shard >= c.lo AND e.shard < c.hi WHERE c.subscriber = ?"
        " ORDER BY c.lo, e.id",
        subscriber,
    )
    found = [
        Pending(
            (names.range(lo, hi), *names.event(name, key, payload)),
            noted=is_note(subscriber, name, names.status_of(key)),
        )
        for lo, hi, name, key, payload in rows
        if name in handled
    ]
    return sorted(found, key=lambda one: one.fact[0])  # those of a range stay as they come


def _ahead(due_at: Any, now: datetime) -> int:
    """In how many minutes, begun ones counted."""
    due = due_at if isinstance(due_at, datetime) else datetime.fromisoformat(due_at)
    seconds = (due.replace(tzinfo=now.tzinfo) - now).total_seconds()
    return max(0, -int(-seconds // MINUTE))
