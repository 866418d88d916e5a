"""How long an event takes from one process to the effect that another has committed.

Measured: from `time.time()` before the publisher's transaction (and, apart, after its COMMIT)
to `time.time()` in `transaction.on_commit` of the handler, that is after the COMMIT of its
batch; all three deliveries of each event count. The floor is one INSERT + NOTIFY + COMMIT until
another process's listener has it, from before the transaction.
"""

import time

import psycopg

from bench.database import Database
from bench.figures import percentile
from bench.processes import crew
from bench.publisher import FLOOR_CHANNEL
from bench.workload import SUBSCRIBERS

RATE = 50  # events a second
SETTLE_SECONDS = 1.0  # the listener is up, and what was begun is done


def latency(
    database: Database, seconds: float, *, keep_log: bool = False, poison: bool = False
) -> dict[str, float]:
    """p50, p99, and p50 from after the publisher's COMMIT, in milliseconds. With `poison` the
    events of some keys fail, and what is measured is the others'."""
    database.reset(keep_log=keep_log)
    paced = ("bench.publisher", "paced", "--seconds", str(seconds), "--rate", str(RATE))
    kind = "poisoned" if poison else "timed"
    with crew(("bench.worker", kind), paced, url=database.url) as [worker, publisher]:
        worker.go()
        time.sleep(SETTLE_SECONDS)
        publisher.go()
        times = publisher.finish(stop=False)["times"]
        time.sleep(SETTLE_SECONDS)
        committed = worker.finish()["committed"]
    ours = [(at, times[event_id]) for event_id, at in committed if event_id in times]
    if len(ours) != SUBSCRIBERS * len(times) and not poison:
        raise RuntimeError(f"{len(ours)} deliveries of {len(times)} events")
    whole = [(at - began) * 1000 for at, (began, _) in ours]
    return {
        "p50": percentile(whole, 0.5),
        "p99": percentile(whole, 0.99),
        "after commit": percentile([(at - done) * 1000 for at, (_, done) in ours], 0.5),
    }


def floor(database: Database, seconds: float) -> dict[str, float]:
    """p50 and p99 of a bare notification, in milliseconds."""
    bare = ("bench.publisher", "notify", "--seconds", str(seconds), "--rate", str(RATE))
    took: list[float] = []
    with (
        psycopg.connect(database.url, autocommit=True) as listener,
        crew(bare, url=database.url) as [publisher],
    ):
        listener.execute(f"LISTEN {FLOOR_CHANNEL}")
        publisher.go()
        for note in listener.notifies(timeout=seconds + SETTLE_SECONDS):
            took.append((time.time() - float(note.payload)) * 1000)
            if len(took) == int(seconds * RATE):
                break
        publisher.finish(stop=False)
    return {"p50": percentile(took, 0.5), "p99": percentile(took, 0.99)}
