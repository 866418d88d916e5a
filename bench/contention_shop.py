"""The shop that many want something of at once: see contention.py."""

import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from bench.saga_shop import PostgresqlShop, Shop, SqliteShop
from shop.tests.deployments import Deployment
from shop.tests.processes import succeed
from shop.tests.servers import free_port, postgres


@dataclass
class Contended:
    """A shop that serves, and its database."""

    engine: str
    deployment: Deployment
    webs: list[str]
    database: Shop


@contextmanager
def opened(engine: str, *, wrong: bool = False) -> Iterator[Contended]:
    """The shop in its usual processes on that database; all of them end with the block."""
    quiet = {"DEBUG": "off", "LOG_LEVEL": "WARNING", "REDIS_URL": ""}
    with tempfile.TemporaryDirectory() as folder:
        if engine == "sqlite":
            path = Path(folder, "shop.sqlite3")
            settings = quiet | {"DATABASE_URL": f"sqlite:///{path}"}
            with Deployment(Path(folder), settings, filled=False) as deployment:
                webs = serve(deployment, 1)
                yield Contended(engine, deployment, webs, SqliteShop(path))
            return
        with (
            postgres() as server,
            closing(PostgresqlShop(server, f"scratch_{uuid4().hex[:12]}")) as database,
        ):
            settings = quiet | {"DATABASE_URL": database.url, "EVENTBUS_MODE": "worker"}
            with Deployment(Path(folder), settings, filled=False) as deployment:
                succeed("manage.py", "eventbus", "split", "inventory", "--into", "4", **settings)
                webs = serve(deployment, 2)
                command = ["-m", "bench.contention_work", "worker"] if wrong else []
                for number in (1, 2):
                    deployment.work(f"bus {number}", *command)
                yield Contended(engine, deployment, webs, database)


def serve(deployment: Deployment, count: int) -> list[str]:
    ports = [free_port() for _ in range(count)]
    for number, port in enumerate(ports, start=1):
        deployment.serve(f"web {number}", port)
    return [f"http://127.0.0.1:{port}" for port in ports]
