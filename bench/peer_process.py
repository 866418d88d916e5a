"""A process of a Python peer: python -m bench.peer_process PEER publish|fill|work [AMOUNT]."""

import random
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import django

from bench.processes import report, take_part

PEERS = ("procrastinate-orm", "procrastinate-raw", "django-tasks-db")
AT_ONCE = 50  # events of a backlog written in one transaction


def main() -> None:
    peer, role, *rest = sys.argv[1:]
    django.setup()
    if role == "work":
        work(peer)
    else:
        {"publish": publish, "fill": fill}[role](peer, float(rest[0]))


def enqueue(peer: str, key: int) -> None:
    """Three tasks, in the caller's transaction."""
    from bench import peer_tasks, workload

    event = {"order_id": key, "customer": 5, "items": [{"sku": "A1", "qty": 1}], "total": 100}
    for number in range(workload.SUBSCRIBERS):
        if peer == "django-tasks-db":
            peer_tasks.django_task.enqueue(number, event)
        else:
            task: Any = getattr(peer_tasks, peer.replace("-", "_"))
            task.defer(number=number, event=event)


def publish(peer: str, seconds: float) -> None:
    """Orders, each with its tasks in the same transaction."""
    from django.db import transaction
    from django.utils import timezone

    from bench.workload import ROWS, Order

    def once() -> None:
        with transaction.atomic():
            Order.objects.create(customer=5, total=100, status="PENDING", created_at=timezone.now())
            enqueue(peer, random.randrange(ROWS))

    once()
    take_part(threading.Event())
    count, end = 0, time.perf_counter() + seconds
    while time.perf_counter() < end:
        once()
        count += 1
    report(count=count)


def fill(peer: str, events: float) -> None:
    """A backlog."""
    from django.db import transaction

    from bench.workload import ROWS

    take_part(threading.Event())
    for begin in range(0, int(events), AT_ONCE):
        with transaction.atomic():
            for _ in range(min(AT_ONCE, int(events) - begin)):
                enqueue(peer, random.randrange(ROWS))
    report()


def work(peer: str) -> None:
    """The peer's own worker, until this process is ended."""
    from django.core.management import call_command

    take_part(threading.Event())
    run: dict[str, Callable[[], object]] = {
        "procrastinate-orm": lambda: call_command(
            "procrastinate", "worker", "-q", "effects", "-c", "1"
        ),
        "procrastinate-raw": lambda: call_command(
            "procrastinate", "worker", "-q", "raw", "-c", "10"
        ),
        "django-tasks-db": lambda: call_command("db_worker", "--no-startup-delay"),
    }
    run[peer]()


if __name__ == "__main__":
    main()
