"""The shop as real processes on one database: web servers, bus workers, and their sudden death."""

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.error import URLError
from urllib.request import urlopen

from shop.tests.filling import fill
from shop.tests.processes import ROOT, succeed
from shop.tests.shopper import Transport, over_http

READY_SECONDS = 40
UNLIMITED = dict.fromkeys(["API_ANON_RATE", "API_USER_RATE", "CARD_RATE"], "")  # of one address
UNLIMITED["STAFF_MAIL"] = ""  # who counts mails means those to shoppers
SERVER = "shop.serve --host 127.0.0.1 --blocking-threads 4"


@dataclass
class Deployment:
    """Processes by name; all of them end with the `with` block."""

    folder: Path  # for their output
    environment: dict[str, str]
    processes: dict[str, "subprocess.Popen[bytes]"] = field(default_factory=dict)
    ports: dict[str, int] = field(default_factory=dict)
    filled: bool = True  # with what the demo sells; else only migrated

    def __enter__(self) -> Self:
        file = self.environment["DATABASE_URL"].removeprefix("sqlite:///")
        if not self.filled:
            succeed("manage.py", "migrate", "-v0", **self.environment)
        elif file != self.environment["DATABASE_URL"]:
            fill(Path(file))
        else:
            succeed("manage.py", "demo", "--bare", "--no-serve", **self.environment)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for name in list(self.processes):
            self.kill(name)

    def serve(self, name: str, port: int, **environment: str) -> Transport:
        """A web process with that name, ready; how to call it. `environment` is for it alone."""
        self.ports[name] = port
        self._start(name, "-m", *SERVER.split(), "--port", str(port), **environment)
        self._wait_until_ready(name, port)
        return over_http(f"http://127.0.0.1:{port}")

    def work(self, name: str, *command: str, **environment: str) -> None:
        """A bus worker with that name: the shop's, or that command's; `environment` is for it
        alone."""
        self._start(name, *(command or ("manage.py", "eventbus", "run")), **environment)

    def end(self, name: str, *, seconds: float = 30) -> int:
        """SIGTERM to the process, as a rolling restart does; its exit code.

        Raises TimeoutExpired when it has not ended after so many seconds.
        """
        process = self.processes[name]
        process.terminate()
        code = process.wait(seconds)
        del self.processes[name]
        return code

    def kill(self, name: str) -> None:
        """SIGKILL to the process and every process it has started."""
        process = self.processes.pop(name)
        with suppress(ProcessLookupError):  # it has died by itself
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def restart(self, name: str) -> None:
        """Kill it and start it again, at once."""
        self.kill(name)
        if name in self.ports:
            self.serve(name, self.ports[name])
        else:
            self.work(name)

    def violations(self) -> list[str]:
        """What is wrong in the database now; see shop/invariants."""
        code = "from shop.invariants import violations; print(*violations(killed=True), sep='\\n')"
        told = succeed("manage.py", "shell", "-v0", "-c", code, **self.environment)
        return [line for line in told.splitlines() if line]

    def settle(self, *, seconds: float = 40) -> list[str]:
        """What is still wrong when the bus has had its time; empty as soon as all is well."""
        give_up = time.monotonic() + seconds
        while (wrong := self.violations()) and time.monotonic() < give_up:
            time.sleep(0.5)
        return wrong

    def _start(self, name: str, *arguments: str, **environment: str) -> None:
        with (self.folder / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                [sys.executable, *arguments],
                cwd=ROOT,
                env={**os.environ, **UNLIMITED, **self.environment, **environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # a group of its own, so that it can be killed whole
            )

    def _wait_until_ready(self, name: str, port: int) -> None:
        give_up = time.monotonic() + READY_SECONDS
        while time.monotonic() < give_up:
            log = (self.folder / f"{name}.log").read_text()
            assert self.processes[name].poll() is None, log
            try:
                with urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5):
                    return
            except (URLError, ConnectionError, TimeoutError):
                time.sleep(0.1)
        raise AssertionError(f"{name} is not ready after {READY_SECONDS} s:\n{log}")
