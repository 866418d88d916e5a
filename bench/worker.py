"""A worker process of the measurements: python -m bench.worker KIND [--until-idle] [--profile F].

KIND is one of `workload.HANDLERS`, "timed" or "poisoned". Without `--until-idle` it is `eventbus.worker.run`,
as `manage.py eventbus run` has it.
"""

import argparse
import cProfile
import threading
import time
from contextlib import nullcontext

import django

from bench.processes import report, take_part


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("kind")
    parser.add_argument("--until-idle", action="store_true")
    parser.add_argument("--profile", help="file for cProfile's figures")
    options = parser.parse_args()
    django.setup()
    from bench import workload
    from eventbus import wakeup, worker

    committed: list[tuple[str, float]] = []
    if options.kind in ("timed", "poisoned"):
        for number in range(workload.SUBSCRIBERS):
            workload.timed(
                number,
                lambda event_id: committed.append((event_id, time.time())),
                poison=options.kind == "poisoned",
            )
    else:
        workload.register(options.kind)
    stop = threading.Event()
    if options.until_idle:
        _warm()
        take_part(stop)
        report(**_until_idle(options.profile))
    else:
        take_part(stop, on_stop=wakeup.ring)
        worker.run(stop)
        report(cpu=time.process_time(), committed=committed)


def _warm() -> None:
    from django.db import connection

    connection.ensure_connection()


def _until_idle(profile: str | None) -> dict[str, float]:
    """Work the backlog off in this thread: deliveries, seconds, CPU seconds of this process."""
    from eventbus.worker import Worker

    deliveries, step = 0, Worker().step
    recorder = cProfile.Profile() if profile else None
    began, cpu = time.perf_counter(), time.process_time()
    with recorder or nullcontext():
        while done := step():
            deliveries += done
    took, cpu = time.perf_counter() - began, time.process_time() - cpu
    if recorder and profile:
        recorder.dump_stats(profile)
    return {"deliveries": deliveries, "seconds": took, "cpu": cpu}


if __name__ == "__main__":
    main()
