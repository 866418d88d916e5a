"""All that a fault can reach: the servers, the shop's processes, the clients."""

import random
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import psycopg

from bench.chaos.clients import Client
from bench.chaos.machines import MailServer, Postgres, Valkey
from bench.chaos.proxy import Proxy
from bench.chaos.recovery import Recovery
from shop.tests.deployments import Deployment
from shop.tests.processes import run, succeed

WEBS = ("web 1", "web 2")
WORKERS = ("bus 1", "bus 2", "bus 3")


@dataclass
class Stage:
    draw: random.Random
    database: Postgres
    cache: Valkey
    proxy: Proxy
    mail: MailServer
    shop: Deployment
    direct: str  # URL of the shop's database, past the proxy
    clients: list[Client] = field(default_factory=list)
    recoveries: list[Recovery] = field(default_factory=list)  # of killed workers' work
    counts: Counter[str] = field(default_factory=Counter)  # what faults did, by their words

    def connect(self, **options: Any) -> psycopg.Connection[Any]:
        return psycopg.connect(self.direct, **options)

    def rows(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        with self.connect(autocommit=True) as connection:
            return connection.execute(statement.encode(), values or None).fetchall()

    def bus(self, *words: str) -> bool:
        """Whether `manage.py eventbus` did it; past the proxy."""
        environment = self.shop.environment | {"DATABASE_URL": self.direct}
        return run("manage.py", "eventbus", *words, **environment).returncode == 0

    def wait_for_workers(self) -> None:
        """Until all bus workers work, at most half a minute: each listens in a session of its own."""
        listening = "SELECT count(*) FROM pg_stat_activity WHERE query = 'LISTEN eventbus'"
        give_up = time.monotonic() + 30
        while self.rows(listening)[0][0] < len(WORKERS) and time.monotonic() < give_up:
            time.sleep(0.1)

    def do(self, code: str) -> list[str]:
        """The lines that the code says in the shop's own shell; past the proxy."""
        environment = self.shop.environment | {"DATABASE_URL": self.direct}
        said = succeed("manage.py", "shell", "-v0", "-c", code, **environment)
        return [line for line in said.splitlines() if line]

    def revive(self) -> None:
        """Start what has died, whoever ended it."""
        if self.database.died():
            self.database.start()
        for name in (*WEBS, *WORKERS):
            process = self.shop.processes.get(name)
            if process is None or process.poll() is not None:
                self.counts[f"{name} was found dead"] += process is not None
                self.start(name)

    def log(self, name: str) -> str:
        """What the processes with that name have said so far."""
        return (self.shop.folder / f"{name}.log").read_text(errors="replace")

    def start(self, name: str, **environment: str) -> None:
        """The process with that name; `environment` is for it alone."""
        if name in self.shop.ports:
            self.shop.serve(name, self.shop.ports[name], **environment)
        else:
            self.shop.work(name, **environment)
