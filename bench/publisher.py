"""A publishing process of the measurements: python -m bench.publisher KIND --seconds S [--rate R].

KIND: `event` (order and event), `order` (the order alone), `paced` (R events a second, each
with its times), `notify` (R bare INSERT + NOTIFY + COMMIT a second, the floor of any wake-up).
"""

import argparse
import os
import threading
import time
from collections.abc import Callable

import django
import psycopg

from bench.processes import report, take_part

FLOOR_CHANNEL = "bench_floor"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("kind", choices=["event", "order", "paced", "notify"])
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--rate", type=float, default=50)
    options = parser.parse_args()
    if options.kind == "notify":
        _notify(options.seconds, options.rate)
        return
    django.setup()
    from bench import workload

    stop = threading.Event()
    workload.place_order(with_event=True)  # warm
    take_part(stop)
    if options.kind == "paced":
        _paced(options.seconds, options.rate)
    else:
        count, cpu = 0, time.process_time()
        end = time.perf_counter() + options.seconds
        while time.perf_counter() < end:
            workload.place_order(with_event=options.kind == "event")
            count += 1
        report(count=count, cpu=time.process_time() - cpu)


def _paced(seconds: float, rate: float) -> None:
    """Reports, by event id, the time before the transaction began and after it committed."""
    from django.db import transaction

    from bench import workload
    from eventbus import publish

    times: dict[str, tuple[float, float]] = {}

    def once(number: int) -> None:
        key = number % workload.ROWS
        began = time.time()
        with transaction.atomic():
            event_id = publish(workload.an_event(key), key=key)
        times[str(event_id)] = began, time.time()

    _at_rate(once, seconds, rate)
    report(times=times)


def _notify(seconds: float, rate: float) -> None:
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as connection:
        take_part(threading.Event())

        def once(number: int) -> None:
            began = time.time()
            with connection.transaction():
                connection.execute(
                    "INSERT INTO event (part, topic, key, payload) VALUES (0, 'floor', '', '{}')"
                )
                connection.execute("SELECT pg_notify(%s, %s)", [FLOOR_CHANNEL, repr(began)])

        _at_rate(once, seconds, rate)
    report()


def _at_rate(act: Callable[[int], None], seconds: float, rate: float) -> None:
    began = time.perf_counter()
    for number in range(int(seconds * rate)):
        time.sleep(max(0.0, began + number / rate - time.perf_counter()))
        act(number)


if __name__ == "__main__":
    main()
