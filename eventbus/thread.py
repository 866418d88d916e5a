"""Thread mode: the bus runs in a daemon thread of the process that serves the pages.

Server entry points start it when they are ready to serve (`shop/wsgi.py`): never `ready()`,
which also runs in migrations, shells and the autoreloader's parent, and never the first
publish, or a backlog would sleep after a restart.
"""

import atexit
import logging
import os
import threading

from eventbus import conf, wakeup, worker

logger = logging.getLogger("eventbus.thread")

_lock = threading.Lock()
_running: tuple[int, threading.Thread, threading.Event] | None = None  # pid, thread, stop


def start_if_configured() -> None:
    """Start the thread when the mode is "thread"."""
    if conf.get("mode") == "thread":
        start()


def start() -> None:
    """Start the thread, once a process; a forked child gets its own."""
    global _running
    with _lock:
        if _running and _running[0] == os.getpid() and _running[1].is_alive():
            return
        stop = threading.Event()
        thread = threading.Thread(target=worker.run, args=(stop,), name="eventbus", daemon=True)
        _running = (os.getpid(), thread, stop)
        thread.start()
    logger.info("the bus runs in a thread of process %s", os.getpid())


def stop() -> None:
    """End the thread after the batch it is in; returns when it has ended, or after 10 s."""
    running = _running
    if running and running[0] == os.getpid():
        running[2].set()
        wakeup.ring()
        running[1].join(timeout=10)


def is_alive() -> bool:
    """Whether this process's thread runs."""
    return bool(_running and _running[0] == os.getpid() and _running[1].is_alive())


def _start_in_child() -> None:
    global _lock
    _lock = threading.Lock()  # another thread may have held it, that does not exist here
    if _running and _running[0] != os.getpid():
        start()


os.register_at_fork(after_in_child=_start_in_child)
atexit.register(stop)
