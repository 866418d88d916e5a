"""What the clients were told, held against what the database has."""

from collections import Counter, defaultdict
from typing import Any

from bench.chaos.history import Entry, History
from bench.chaos.stage import Stage

ORDERS = "SELECT id::text, email, status, coalesce(retry_of::text, '') FROM orders_order"
Order = tuple[str, str, str, str]  # id, e-mail, status, the failed order that it pays again


def broken(history: History, stage: Stage, before: set[str]) -> list[str]:
    """Each promise to a client that was not kept; `before` are the orders of the demo."""
    orders = [row for row in stage.rows(ORDERS) if row[0] not in before]
    return [
        *lost(history, orders),
        *phantoms(history, orders),
        *twice(history, orders),
        *uncancelled(history, orders),
        *history.errors,
        *mails_twice(stage.mail.received),
    ]


def lost(history: History, orders: list[Order]) -> list[str]:
    """Orders that were acknowledged and are not there (I11)."""
    there = {order for order, *_ in orders}
    told = {entry.order for entry in history.of("ok", "place", "retry")}
    return [f"order {order} was acknowledged and is lost" for order in sorted(told - there)]


def phantoms(history: History, orders: list[Order]) -> list[str]:
    """Orders that nobody has asked for, or that were refused (I11)."""
    told = {entry.order for entry in history.of("ok", "place", "retry")}
    open_keys = {entry.key for entry in history.of("invoke", "place")}
    open_keys -= {entry.key for entry in history.of("fail", "place")}
    may_retry = bool(history.of("unknown", "retry"))
    return [
        f"order {order} of {email} was never accepted"
        for order, email, _, retry_of in orders
        if order not in told and not (may_retry if retry_of else email.split("@")[0] in open_keys)
    ]


def twice(history: History, orders: list[Order]) -> list[str]:
    """Keys that made two orders, or were answered in two ways (I12)."""
    made = Counter(email for _, email, _, retry_of in orders if not retry_of)
    found = [f"{count} orders of {email}" for email, count in made.items() if count > 1]
    answers: dict[str, list[Any]] = defaultdict(list)
    for entry in history.of("ok", "place", "retry", "cancel"):
        answers[entry.key].append(_answer(entry))
    return found + [
        f"key {key} was answered in two ways: {told}"
        for key, told in answers.items()
        if any(one != told[0] for one in told)
    ]


def uncancelled(history: History, orders: list[Order]) -> list[str]:
    """Cancellations that were acknowledged and forgotten."""
    statuses = {order: status for order, _, status, _ in orders}
    told = {entry.order for entry in history.of("ok", "cancel")}
    return [
        f"order {order} was cancelled, they said, and is {statuses.get(order)}"
        for order in sorted(told)
        if statuses.get(order) != "CANCELLED"
    ]


def mails_twice(received: Counter[tuple[str, str]]) -> list[str]:
    return [f"{count} mails: {what}" for what, count in received.items() if count > 1]


def _answer(entry: Entry) -> tuple[int, Any]:
    return entry.status, entry.body
