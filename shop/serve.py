"""The server of production: `python -m shop.serve` with granian's options, or GRANIAN_… for them.

It can be replaced under load. On SIGTERM it first drains for DRAIN_SECONDS (shop/draining.py), in
which balancers find another process; then it takes no more connections, ends the requests that
it has begun, and itself. A second SIGTERM, or SIGINT, does without the draining.
"""

import logging
import os
import signal
import sys
import time
from threading import Thread
from typing import Any

from granian import cli
from granian.server import MPServer

from shop.draining import SIGNAL
from shop.environment import DRAIN_SECONDS

logger = logging.getLogger("_granian")  # its own, which it shows
# One worker, so that /metrics has one set of counters; more processes, not more workers.
OPTIONS = ["--interface", "wsgi", "--no-ws", "--workers", "1", "--workers-kill-timeout", "20"]


class DrainingServer(MPServer):
    """Ends in two steps, where granian ends in one."""

    draining = False

    def signal_handler_interrupt(self, *args: Any, **options: Any) -> None:
        """Called with the number of the signal, in the main thread."""
        if self.draining or args[0] != signal.SIGTERM or DRAIN_SECONDS <= 0:
            super().signal_handler_interrupt()  # type: ignore[no-untyped-call]
            return
        self.draining = True
        for worker in self.wrks:
            os.kill(worker.inner.pid, SIGNAL)
        Thread(target=self.end_drained, daemon=True).start()

    def end_drained(self) -> None:
        """When the time is over."""
        logger.info("Draining for %s s", DRAIN_SECONDS)
        time.sleep(DRAIN_SECONDS)
        super().signal_handler_interrupt()  # type: ignore[no-untyped-call]


def main() -> None:
    """Serve until a signal comes."""
    signal.signal(SIGNAL, signal.SIG_IGN)  # in the worker too, until it serves
    setattr(cli, "Server", DrainingServer)  # noqa: B010  (its command has no other place for it)
    command = [*OPTIONS, *sys.argv[1:], "shop.wsgi:application"]
    cli.cli(command, auto_envvar_prefix="GRANIAN")


if __name__ == "__main__":
    main()
