"""On the PYTHONPATH of every process: as soon as its memory is limited (RLIMIT_DATA) it takes all that
is left, again and again for a moment, as a leak or a greedy request in one of its threads would."""

import os
import resource
import threading
import time
from contextlib import suppress

SIZES = (1_048_576, 16_384, 512)  # bytes, until nothing is left
HELD, FREE = 0.3, 0.05  # seconds


def eat() -> None:
    while True:
        time.sleep(FREE)
        if resource.getrlimit(resource.RLIMIT_DATA)[0] == resource.RLIM_INFINITY:
            continue
        with suppress(MemoryError):
            hold()


def hold() -> None:
    """All there is, for a moment."""
    taken = []
    for size in SIZES:
        with suppress(MemoryError):
            while True:
                taken.append(bytearray(size))
    time.sleep(HELD)


def begin() -> None:
    threading.Thread(target=eat, daemon=True).start()


begin()
os.register_at_fork(after_in_child=begin)  # the server's worker is forked
