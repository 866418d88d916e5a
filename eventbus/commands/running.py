"""Running the bus."""

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

    def end(*_: Any) -> None:
        stop.set()
        wakeup.ring()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    command.stdout.write("The bus runs. Stop it with Ctrl-C.")
    worker.run(stop)


def _serve_metrics(command: BaseCommand, port: int, address: str) -> None:
    try:
        server = exposition.serve(port, address)
    except (OSError, OverflowError) as error:
        raise CommandError(f"No metrics at {address}, port {port}: {error}") from error
    command.stdout.write(f"Metrics: http://{address}:{server.server_port}/metrics")
