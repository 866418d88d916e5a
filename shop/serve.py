"""The server of production: `python -m shop.serve` with granian's options, or GRANIAN_… for them.

It can be replaced under load. On SIGTERM it first drains for DRAIN_SECONDS (shop/draining.py), in
which balancers find another process; then it takes no more connections, ends the requests that
it has begun, and itself. A second SIGTERM, or SIGINT, does without the draining.
"""

import logging
import multiprocessing
import os
import select
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from granian import cli
from granian.server import MPServer

from shop import draining
from shop.environment import DRAIN_SECONDS

ENDING = (signal.SIGTERM, signal.SIGINT)
logger = logging.getLogger("_granian")  # its own, which it shows
# One worker, so that /metrics has one set of counters; more processes, not more workers.
OPTIONS = ["--interface", "wsgi", "--no-ws", "--workers", "1", "--workers-kill-timeout", "20"]


class Interrupt:
    """What granian needs of threading.Event, without its lock. A handler of signals sets it, in the
    midst of whatever the main thread does: while a signal before sets it, it would wait for ever.
    `told` says whether a signal came that nobody has obeyed: granian may clear what it has not
    seen, while it starts a worker anew."""

    def __init__(self, told: Callable[[], bool]) -> None:
        self._set, self._told = False, told
        self._read, self._write = os.pipe()
        os.set_blocking(self._write, False)
        # The kernel may give a signal to another thread: then too the one that waits here wakes.
        signal.set_wakeup_fd(self._write, warn_on_full_buffer=False)

    def set(self) -> None:
        self._set = True
        with suppress(BlockingIOError):  # full of rings that nobody has heard yet
            os.write(self._write, b".")

    def clear(self) -> None:
        self._set = False
        if self._told():
            self._set = True

    def is_set(self) -> bool:
        return self._set

    def wait(self, timeout: float | None = None) -> bool:
        """Whether it is set, after `timeout` seconds at most."""
        end = None if timeout is None else time.monotonic() + timeout
        while not self._set:
            left = None if end is None else max(0.0, end - time.monotonic())
            if not select.select([self._read], [], [], left)[0]:
                break
            os.read(self._read, 4096)  # maybe of a ring before `clear`
        return self._set


class DrainingServer(MPServer):
    """Ends in two steps, where granian ends in one."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.main_loop_interrupt: Any = Interrupt(self.is_told)
        self.hurried = self.draining = False

    def is_told(self) -> bool:
        return bool(self.hurried or (self.interrupt_signal and not self.draining))

    def signal_handler_interrupt(self, *args: Any, **options: Any) -> None:
        """Called with the number of the signal, in the main thread; takes no lock."""
        if self.interrupt_signal or args[0] != signal.SIGTERM:
            self.hurried = True
        super().signal_handler_interrupt()  # type: ignore[no-untyped-call]

    def _serve_loop(self, *loaders: Any) -> None:
        super()._serve_loop(*loaders)  # type: ignore[no-untyped-call]
        if self.interrupt_signal and DRAIN_SECONDS > 0:
            self.drain()

    def drain(self) -> None:
        """Until the time is over, another signal comes, or a worker is no more."""
        self.draining = True
        draining.begin()
        logger.info("Draining for %s s", DRAIN_SECONDS)
        end = time.monotonic() + DRAIN_SECONDS
        while (left := end - time.monotonic()) > 0:
            self.main_loop_interrupt.clear()
            if self.hurried or self.interrupt_children:
                break
            self.main_loop_interrupt.wait(left)


def main() -> None:
    """Serve until a signal comes."""
    prepare_forks()
    setattr(cli, "Server", DrainingServer)  # noqa: B010  (its command has no other place for it)
    command = [*OPTIONS, *sys.argv[1:], "shop.wsgi:application"]
    try:
        cli.cli(command, auto_envvar_prefix="GRANIAN")
    finally:
        for number in ENDING:  # all is done: one more changes nothing
            signal.signal(number, signal.SIG_IGN)


def prepare_forks() -> None:
    """A signal that comes in the midst of a fork waits until the child is one: Python forgets what
    it gets before, or the parent's handler, which the child has too, would take it.

    Workers are forked, also where that is not the default (Python 3.14): they share the mark of
    shop/draining.py."""
    multiprocessing.set_start_method("fork", force=True)
    os.register_at_fork(before=_hold, after_in_parent=_release, after_in_child=end_at_once)


def _hold() -> None:
    signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)


def _release() -> None:
    signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING)


def end_at_once() -> None:
    """A worker that does not serve yet has nothing to finish, and not the handlers of its parent:
    they would swallow the parent's SIGTERM. SIGINT, of a terminal, is for the parent to pass on."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.set_wakeup_fd(-1)
    _release()


if __name__ == "__main__":
    main()
