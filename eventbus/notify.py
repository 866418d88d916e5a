"""Waking workers in other processes (PostgreSQL): a NOTIFY after the commit, never inside it.

Inside the business transaction NOTIFY takes a lock of the whole cluster at commit (3.6 times
slower with 32 clients); here a thread of its own sends one for all that was committed in the
last 3 to 20 ms. A notification that is lost costs one polling interval, nothing else.
"""

import logging
import os
import threading
from contextlib import suppress
from selectors import EVENT_READ, DefaultSelector
from typing import Any

from django.db import Error, connections

from eventbus import conf, wakeup

logger = logging.getLogger("eventbus.notify")

CHANNEL = "eventbus"
SHORTEST_SECONDS = 0.003  # between two notifications: a lone event is announced at once ...
LONGEST_SECONDS = 0.02  # ... and of a stream 50 a second are enough: each costs a transaction
LISTEN_SECONDS = 1.0  # how soon a listener sees that it should stop
AWAY_SECONDS = 2.0  # wait before a broken connection is tried again

_lock = threading.Lock()
_pending = threading.Event()
_notifier: tuple[int, threading.Thread] | None = None  # pid, thread


def _renew() -> None:
    """After a fork: what a thread held that does not exist here."""
    global _lock, _pending
    _lock, _pending = threading.Lock(), threading.Event()


os.register_at_fork(after_in_child=_renew)


def announce() -> None:
    """Tell this process's workers at once and the others soon that something was committed."""
    wakeup.ring()
    if conf.get("mode") != "manual" and _speaks():
        _start_notifier()
        _pending.set()


def _speaks() -> bool:
    return connections[conf.get("database")].vendor == "postgresql"


def _start_notifier() -> None:
    global _notifier
    with _lock:
        if _notifier and _notifier[0] == os.getpid() and _notifier[1].is_alive():
            return
        thread = threading.Thread(target=_notify_for_ever, name="eventbus-notify", daemon=True)
        _notifier = (os.getpid(), thread)
        thread.start()


def _notify_for_ever() -> None:
    connection = connections[conf.get("database")].copy()
    pause, seconds = threading.Event(), SHORTEST_SECONDS
    while _pending.wait():
        _pending.clear()
        try:
            with connection.cursor() as cursor:
                # There is nothing to lose that a poll would not find: no waiting for the disk.
                cursor.execute(
                    f"BEGIN; SET LOCAL synchronous_commit TO off; NOTIFY {CHANNEL}; COMMIT"
                )
            pause.wait(seconds)
            seconds = min(LONGEST_SECONDS, 2 * seconds) if _pending.is_set() else SHORTEST_SECONDS
        except Error as error:
            logger.warning("workers elsewhere will find by polling what is new: %s", error)
            connection.close()
            pause.wait(AWAY_SECONDS)


def start_listener(stop: threading.Event) -> threading.Thread | None:
    """Ring this process's bell when another process announces; None where there is nothing to
    listen to. No error ends it before `stop` is set."""
    if not _speaks():
        return None
    thread = threading.Thread(
        target=_listen_until, args=(stop,), name="eventbus-listen", daemon=True
    )
    thread.start()
    return thread


def _listen_until(stop: threading.Event) -> None:
    connection: Any = connections[conf.get("database")].copy()
    while not stop.is_set():
        try:
            if not _hears(connection):
                words = "no notification arrives (a pooler by transaction?): polling every %s s"
                logger.warning(words, conf.get("poll_seconds"))
            wakeup.ring()  # what was announced while nobody listened
            while not stop.is_set():
                _rest_until_there_is_something(connection.connection.fileno())
                for _ in connection.connection.notifies(timeout=0):
                    wakeup.ring("notify")
        except Exception as error:
            with suppress(Exception):  # without memory even this may fail
                words = "listening again in %s s, polling meanwhile: %s"
                logger.warning(words, AWAY_SECONDS, error)
            with suppress(Exception):
                connection.close()
            wakeup.rest(stop, AWAY_SECONDS)
    connection.close()


def _hears(connection: Any) -> bool:
    """Listen from now on; whether a notification arrives that another session sends. One's own
    would prove nothing: a pooler may well give both statements to the same session."""
    with connection.cursor() as cursor:
        cursor.execute(f"LISTEN {CHANNEL}")
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            cursor.execute(f"NOTIFY {CHANNEL}")
    except Error:
        return True  # as far as is known: there may be no connection left for this
    finally:
        other.close()
    heard = connection.connection.notifies(timeout=LISTEN_SECONDS, stop_after=1)
    return any(True for _ in heard)


def _rest_until_there_is_something(file: int) -> None:
    """To read there, for `LISTEN_SECONDS` at most. psycopg itself would wake ten times a second,
    which was a third of what an idle worker cost."""
    with DefaultSelector() as selector:
        selector.register(file, EVENT_READ)
        selector.select(LISTEN_SECONDS)
