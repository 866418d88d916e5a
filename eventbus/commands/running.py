"""Running the bus."""

import os
import signal
import threading
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from eventbus import exposition, wakeup, worker


def add(acts: Any) -> None:
    """run"""
    parser = acts.add_parser("run", help="work until SIGTERM or SIGINT")
    parser.add_argument(
        "--metrics-port", type=int, help="serve this worker's metrics there (0: any port)"
    )
    parser.add_argument("--metrics-address", default="127.0.0.1", help="(%(default)s)")
    parser.set_defaults(do=run)


def run(command: BaseCommand, *, metrics_port: int | None, metrics_address: str, **_: Any) -> None:
    """Work until the process is told to end."""
    if metrics_port is not None:
        _serve_metrics(command, metrics_port, metrics_address)
    stop = threading.Event()
    end_on_signals(stop)
    command.stdout.write("The bus runs. Stop it with Ctrl-C.")
    worker.run(stop)


def end_on_signals(stop: threading.Event) -> None:
    """Set `stop` when the process is told to end, however often.

    Not in the signal's handler: it runs in the midst of whatever the main thread does, and would
    wait for ever for a lock that this thread holds: that of the event, if a second signal (many
    supervisors send two) comes while the first one sets it.
    """
    read, write = os.pipe()

    def wait() -> None:
        os.read(read, 1)
        stop.set()
        wakeup.ring()

    threading.Thread(target=wait, name="eventbus-signals", daemon=True).start()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: os.write(write, b"."))


def _serve_metrics(command: BaseCommand, port: int, address: str) -> None:
    try:
        server = exposition.serve(port, address)
    except (OSError, OverflowError) as error:
        raise CommandError(f"No metrics at {address}, port {port}: {error}") from error
    command.stdout.write(f"Metrics: http://{address}:{server.server_port}/metrics")
