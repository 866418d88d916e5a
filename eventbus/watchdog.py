"""Ending a process whose handler hangs: its transaction holds locks and its range stands still.

Nothing can end a thread from outside, so the process is ended; its supervisor starts it again,
and the next worker is careful (`careful.py`), which finds the event that does it.
"""

import faulthandler
import logging
import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from eventbus import conf, wakeup

logger = logging.getLogger("eventbus.watchdog")

LOOK_SECONDS = 1.0
EXIT_CODE = 75  # EX_TEMPFAIL of sysexits.h: start me again

_busy: dict[int, tuple[float, float, str]] = {}  # by thread: since, seconds allowed, with what


@contextmanager
def watched(subscriber: str, *, seconds: float | None = None) -> Iterator[None]:
    """Let this thread be busy for `seconds` at most, by default the setting `hang_seconds`."""
    thread = threading.get_ident()
    before = _busy.get(thread)
    allowed = conf.get("hang_seconds") if seconds is None else seconds
    _busy[thread] = time.monotonic(), allowed, subscriber
    try:
        yield
    finally:
        if before is None:
            _busy.pop(thread, None)
        else:
            _busy[thread] = before


os.register_at_fork(after_in_child=_busy.clear)  # the threads that were busy are not in the child


def overdue() -> str | None:
    """Who hangs: the subscriber whose handler has been running for too long, if there is one."""
    now = time.monotonic()
    for since, allowed, subscriber in list(_busy.values()):
        if now - since > allowed:
            return subscriber
    return None


def start(stop: threading.Event) -> None:
    """Watch this process's workers until `stop` is set."""
    thread = threading.Thread(target=_watch, args=(stop,), name="eventbus-watchdog", daemon=True)
    thread.start()


def _watch(stop: threading.Event) -> None:
    while not wakeup.rest(stop, LOOK_SECONDS):
        subscriber = None
        with suppress(MemoryError):  # the next look may have some: nobody else watches
            subscriber = overdue()
        if subscriber:
            try:
                logger.critical("a handler of %s hangs: this process ends", subscriber)
                faulthandler.dump_traceback(sys.__stderr__ or 2, all_threads=True)
            finally:  # a server may have replaced stderr by what has no file
                os._exit(EXIT_CODE)
