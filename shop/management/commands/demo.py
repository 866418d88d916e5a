"""A whole shop with one command: tables, catalogue, people, stock, a past; then pages, API and bus."""

import os
import socket
import sys
import time
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from getpass import getuser
from hashlib import blake2b
from pathlib import Path
from tempfile import gettempdir
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import connections
from filelock import FileLock, Timeout

from shop.demo import CARDS, Demo, addresses

THREADS = 8  # requests at once; SQLite has one writer anyway
STOP_SECONDS = 4  # for requests and the bus's batch to end, then the worker is killed
INTERRUPTED = 130  # the shell's code for Ctrl-C


class Command(BaseCommand):
    help = "Fill the shop with demonstration data and serve it on 127.0.0.1."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=int, default=8080, help="default 8080")
        parser.add_argument("--no-serve", action="store_true", help="only fill the shop")
        parser.add_argument(
            "--seed", type=int, default=1, help="what is drawn at random follows it"
        )
        parser.add_argument(
            "--bare", action="store_true", help="no customers, past orders and reviews"
        )
        parser.add_argument("--reset", action="store_true", help="DELETE all data first")

    def handle(
        self,
        *args: Any,
        port: int,
        no_serve: bool,
        seed: int,
        reset: bool,
        bare: bool,
        **options: Any,
    ) -> None:
        if settings.PRODUCTION:
            raise CommandError("This is not for SHOP_ENV=production: its passwords are known.")
        if not no_serve:
            refuse_busy_port(port)
        settings.DEBUG = False  # it keeps every statement, and on SQLite asks for its parameters
        demo = Demo(seed=seed, reset=reset, bare=bare)
        try:
            with only_one_here():
                self._run(demo)
        except KeyboardInterrupt:
            self.stderr.write("\nStopped. Run it again: it does what is missing.")
            sys.exit(INTERRUPTED)
        self._tell(demo, port)
        if not no_serve:
            self.stdout.write("\nStop it with Ctrl-C.")
            self.stdout.flush()
            serve(port)

    def _run(self, demo: Demo) -> None:
        self.stdout.write(self.style.MIGRATE_HEADING(f"{settings.SHOP_NAME}\n"))
        for number, (name, act) in enumerate(demo.steps(), start=1):
            self.stdout.write(f"{number:>3}  {name:<16}", ending="")
            self.stdout.flush()
            started = time.monotonic()
            result = act()
            seconds = time.monotonic() - started
            self.stdout.write(f"{self.style.SUCCESS(self._tick())}  {seconds:4.1f} s  {result}")

    def _tick(self) -> str:
        encoding = getattr(self.stdout, "encoding", None) or "ascii"
        return "✓" if "utf" in encoding.lower() else "ok"

    def _tell(self, demo: Demo, port: int) -> None:
        table = {f"{name}": url for name, url in addresses(port).items()}
        self._list("Addresses", table)
        if demo.sign_ins:
            people = {person.role: f"{person.email}  {person.password}" for person in demo.sign_ins}
            self._list("Sign in", people)
        if demo.coupons:
            self._list("Coupons", {coupon.code: coupon.words for coupon in demo.coupons})
        if "payments" in settings.SHOP_CONTEXTS:
            self._list("Test cards, with any future date and any code", CARDS)

    def _list(self, title: str, rows: dict[str, str]) -> None:
        self.stdout.write(f"\n{self.style.MIGRATE_HEADING(title)}")
        width = max(len(name) for name in rows)
        for name, value in rows.items():
            self.stdout.write(f"  {name:<{width}}  {value}")


@contextmanager
def only_one_here() -> Iterator[None]:
    """Raises CommandError when another process of this user fills the same database."""
    database = settings.DATABASES["default"]
    place = "|".join(str(database.get(part)) for part in ("HOST", "PORT", "NAME"))
    name = f"shop-demo-{getuser()}-{blake2b(place.encode(), digest_size=8).hexdigest()}.lock"
    lock = FileLock(Path(gettempdir(), name))
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise CommandError("Another demo is filling this database. Wait for it.") from error
    try:
        yield
    finally:
        lock.release()


def refuse_busy_port(port: int) -> None:
    """Raises CommandError when nothing can listen there; before any work is done."""
    with socket.socket() as probe:
        # As the server does: a port that was closed a moment ago is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except (OSError, OverflowError) as error:
            hint = f"Port {port} cannot be used ({error}). Choose another: demo --port 8090"
            raise CommandError(hint) from error


def serve(port: int) -> None:
    """Become the server: pages, API, admin and the bus's thread in one worker process."""
    connections.close_all()
    os.environ["EVENTBUS_MODE"] = "thread"
    os.environ["DRAIN_SECONDS"] = "0"
    os.environ.setdefault("DEBUG", "False")  # pages that are missing look as shoppers see them
    os.environ.setdefault("SHOP_URL", f"http://127.0.0.1:{port}")  # for links in mails
    os.environ["PYTHONPATH"] = str(settings.BASE_DIR)
    command = [
        *(sys.executable, "-m", "shop.serve"),
        *("--host", "127.0.0.1", "--port", str(port), "--log-level", "error"),
        *("--blocking-threads", str(THREADS), "--workers-kill-timeout", str(STOP_SECONDS)),
    ]
    os.execv(sys.executable, command)  # noqa: S606  (no shell, nothing from outside)
