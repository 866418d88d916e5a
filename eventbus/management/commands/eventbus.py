"""Operating the bus: run it, look at it, mend what failed, keep the contracts."""

import signal
import threading
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from eventbus import catalogue, exposition, operating, wakeup, worker
from eventbus.contract_files import file_of, producer_problems, public_contracts, text_of


class Command(BaseCommand):
    help = "Run and operate the event bus."

    def add_arguments(self, parser: ArgumentParser) -> None:
        acts = parser.add_subparsers(dest="act", required=True)
        run = acts.add_parser("run", help="work until SIGTERM or SIGINT")
        run.add_argument(
            "--metrics-port", type=int, help="serve this worker's metrics there (0: any port)"
        )
        run.add_argument("--metrics-address", default="127.0.0.1", help="(default 127.0.0.1)")
        acts.add_parser("status", help="how far every subscriber has come")
        tail = acts.add_parser("tail", help="the newest events of the log")
        tail.add_argument("-n", type=int, default=20, help="how many (default 20)")
        tail.add_argument("--key", help="only this key")
        tail.add_argument("-f", "--follow", action="store_true", help="go on as events arrive")
        acts.add_parser("dead", help="the dead letters")
        retry = acts.add_parser("retry", help="try dead letters again")
        retry.add_argument("id", nargs="*", type=int, help="as `dead` lists them")
        retry.add_argument("--all", action="store_true", help="all of them")
        contracts = acts.add_parser("contracts", help="the contract files")
        group = contracts.add_mutually_exclusive_group(required=True)
        group.add_argument("--write", action="store_true", help="write them from the code")
        group.add_argument("--check", action="store_true", help="fail when they differ")

    def handle(self, *args: Any, act: str, **options: Any) -> None:
        getattr(self, f"act_{act}")(**options)

    def act_run(self, *, metrics_port: int | None, metrics_address: str, **_: Any) -> None:
        if metrics_port is not None:
            self._serve_metrics(metrics_port, metrics_address)
        stop = threading.Event()

        def end(*_: Any) -> None:
            stop.set()
            wakeup.ring()

        signal.signal(signal.SIGTERM, end)
        signal.signal(signal.SIGINT, end)
        self.stdout.write("The bus runs. Stop it with Ctrl-C.")
        worker.run(stop)

    def _serve_metrics(self, port: int, address: str) -> None:
        try:
            server = exposition.serve(port, address)
        except (OSError, OverflowError) as error:
            raise CommandError(f"No metrics at {address}, port {port}: {error}") from error
        self.stdout.write(f"Metrics: http://{address}:{server.server_port}/metrics")

    def act_status(self, **_: Any) -> None:
        self._table(operating.status(), "Nobody subscribes to anything here.")

    def act_tail(self, *, n: int, key: str | None, follow: bool, **_: Any) -> None:
        for line in operating.tail(n, key=key, follow=follow):
            self.stdout.write(line)

    def act_dead(self, **_: Any) -> None:
        self._table(operating.dead_letters(), "No dead letters.")

    def act_retry(self, *, id: list[int], all: bool, **_: Any) -> None:
        if bool(id) == all:
            raise CommandError("Name the dead letters to retry, or say --all.")
        try:
            count = operating.retry_dead(None if all else id)
        except LookupError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{count} to be tried again.")

    def act_contracts(self, *, write: bool, **_: Any) -> None:
        if write:
            self._write_contracts()
        problems = [p for contract in public_contracts() for p in producer_problems(contract)]
        book = catalogue.file()
        if book and (not book.exists() or book.read_text() != catalogue.text()):
            problems.append(f"{book.name} is not what the code says")
        if problems:
            raise CommandError("\n".join(problems))
        self.stdout.write(f"{len(public_contracts())} contracts, all as the code says.")

    def _write_contracts(self) -> None:
        for contract in public_contracts():
            file_of(contract).write_text(text_of(contract))
        if book := catalogue.file():
            book.write_text(catalogue.text())

    def _table(self, rows: list[dict[str, Any]], nothing: str) -> None:
        if not rows:
            self.stdout.write(nothing)
            return
        lines = [list(rows[0]), *([str(value) for value in row.values()] for row in rows)]
        widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
        for line in lines:
            cells = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
            self.stdout.write("  ".join(cells).rstrip())
