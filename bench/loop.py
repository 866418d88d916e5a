"""The handlers' statements without a bus: python -m bench.loop orm|raw --seconds S.

One process and no events: a hundred updates a transaction, by the ORM or by a cursor, in a plain
loop. What Django and psycopg cost by themselves, which no bus can save its handlers.
"""

import argparse
import random
import threading
import time

import django

from bench.processes import report, take_part

PER_TRANSACTION = 100


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("kind", choices=["orm", "raw"])
    parser.add_argument("--seconds", type=float, required=True)
    options = parser.parse_args()
    django.setup()
    from django.db import connection, transaction
    from django.db.models import F

    from bench.workload import EFFECTS, ROWS

    def by_orm(key: int) -> None:
        EFFECTS[0].objects.filter(pk=key).update(n=F("n") + 1)

    def by_cursor(key: int) -> None:
        with connection.cursor() as cursor:
            cursor.execute("UPDATE eff0 SET n = n + 1 WHERE id = %s", [key])

    update = by_orm if options.kind == "orm" else by_cursor
    update(0)
    take_part(threading.Event())
    count, end = 0, time.perf_counter() + options.seconds
    while time.perf_counter() < end:
        with transaction.atomic():
            for _ in range(PER_TRANSACTION):
                update(random.randrange(ROWS))
        count += PER_TRANSACTION
    report(count=count)


if __name__ == "__main__":
    main()
