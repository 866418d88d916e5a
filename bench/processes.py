"""The processes that are measured: each gets ready, waits for `go`, and ends with its stdin.

A child prints `ready`, reads a line, works until it is done or its stdin is closed, and prints
one line of JSON. So it starts with its siblings, ends with its parent, and needs no signal.
"""

import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import IO, Any

TICKS = os.sysconf("SC_CLK_TCK")
END_SECONDS = 60


class Child:
    """One process of the measurement."""

    def __init__(
        self, *words: str, url: str, program: Sequence[str] = (sys.executable, "-m"), **env: str
    ) -> None:
        self.errors = tempfile.TemporaryFile("w+")  # noqa: SIM115  (closed by `end`)
        self.process = subprocess.Popen(
            [*program, *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.errors,
            text=True,
            env=os.environ
            | {"DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "bench.settings"}
            | env,
        )
        assert self.process.stdin is not None  # noqa: S101  (both are pipes)
        assert self.process.stdout is not None  # noqa: S101
        self.input: IO[str] = self.process.stdin
        self.output: IO[str] = self.process.stdout

    def wait_ready(self) -> None:
        """Raises RuntimeError with what it said when it ended instead."""
        if self.output.readline() != "ready\n":
            self.process.wait(END_SECONDS)
            raise RuntimeError(self.said())

    def go(self) -> None:
        self.input.write("go\n")
        self.input.flush()

    def finish(self, *, stop: bool = True) -> dict[str, Any]:
        """What it reports in the end; with `stop` it is asked to end now."""
        if stop:
            self.input.close()
        line = self.output.readline()
        if not line:
            self.process.wait(END_SECONDS)
            raise RuntimeError(self.said())
        report: dict[str, Any] = json.loads(line)
        return report

    def said(self) -> str:
        """What it wrote to stderr."""
        self.errors.seek(0)
        return self.errors.read()

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        for stream in (self.input, self.output, self.errors):
            with suppress(BrokenPipeError):  # what it did not read in time
                stream.close()


@contextmanager
def crew(*commands: Sequence[str], url: str, **env: str) -> Iterator[list[Child]]:
    """The processes of the commands, all ready; ended on the way out."""
    children: list[Child] = []
    try:
        for command in commands:
            children.append(Child(*command, url=url, **env))
        for child in children:
            child.wait_ready()
        yield children
    finally:
        for child in children:
            child.end()


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat from the process's state on (proc(5) counts it as the third)."""
    with open(f"/proc/{pid}/stat") as stat:
        return stat.read().rpartition(")")[2].split()


def cpu_seconds(pids: Sequence[int]) -> float:
    """CPU time that the processes used so far; 0 for one that is gone."""
    total = 0
    for pid in pids:
        with suppress(FileNotFoundError):
            user, system = _stat(pid)[11:13]
            total += int(user) + int(system)
    return total / TICKS


def ended_children_seconds(pid: int) -> float:
    """CPU time of the process's children that have ended."""
    user, system = _stat(pid)[13:15]
    return (int(user) + int(system)) / TICKS


def parent(pid: int) -> int:
    """The process that started this one."""
    return int(_stat(pid)[1])


# In the child ---------------------------------------------------------------------------------
def take_part(stop: threading.Event, on_stop: Callable[[], None] = lambda: None) -> None:
    """Say that all is ready and wait for `go`; `stop` is set when stdin ends."""

    def watch() -> None:
        sys.stdin.readline()
        stop.set()
        on_stop()

    print("ready", flush=True)
    if not sys.stdin.readline():
        sys.exit(1)
    threading.Thread(target=watch, daemon=True).start()


def report(**facts: object) -> None:
    """Hand the facts to the parent."""
    print(json.dumps(facts), flush=True)
