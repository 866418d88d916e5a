"""Real servers: they start, run the bus once, serve the stylesheet, and end."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest
from django.conf import settings

from shop.serve import Interrupt
from shop.tests.filling import fill
from shop.tests.processes import succeed

pytestmark = pytest.mark.process
START_SECONDS, STOP_SECONDS = 40, 5  # a busy machine is slow to start; the end is a promise
BUS_RUNS = "the bus runs in a thread of process"

Start = Callable[..., tuple["subprocess.Popen[str]", str]]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def children(pid: int) -> list[int]:
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [child for one in text.split() for child in (int(one), *children(int(one)))]


def exists(pid: int) -> bool:
    """Not so for one that has ended and whose parent has not asked yet."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts `manage.py`, or that program, with a database of its own; gives the process and the
    address."""
    started: list[subprocess.Popen[str]] = []

    def run(
        *arguments: str, address: str = "--port={}", program: str = "manage.py", **more: str
    ) -> tuple[subprocess.Popen[str], str]:
        port = free_port()
        environment = os.environ | {
            "DATABASE_URL": f"sqlite:///{tmp_path}/shop.sqlite3",
            "SHOP_CONTEXTS": "orders",
            "PYTHONUNBUFFERED": "1",
            **more,
        }
        log = (tmp_path / "log").open("w")
        process = subprocess.Popen(
            [sys.executable, *program.split(), *arguments, address.format(port)],
            cwd=settings.BASE_DIR,
            env=environment,
            stdout=log,
            stderr=log,
            text=True,
        )
        started.append(process)
        log.close()
        return process, f"http://127.0.0.1:{port}"

    yield run
    for process in started:
        if process.poll() is None:
            process.kill()
            process.wait()


def wait_until_ready(process: subprocess.Popen[str], base: str, log: Path) -> dict[str, object]:
    give_up = time.monotonic() + START_SECONDS
    while time.monotonic() < give_up:
        assert process.poll() is None, log.read_text()
        try:
            with urlopen(f"{base}/readyz", timeout=5) as response:  # noqa: S310
                answer: dict[str, object] = json.load(response)
                return answer
        except URLError:
            time.sleep(0.1)
    raise AssertionError(log.read_text())


def end(process: subprocess.Popen[str], how: signal.Signals) -> None:
    family = children(process.pid)
    process.send_signal(how)
    ended(process, family)


def end_by_many(process: subprocess.Popen[str]) -> None:
    """SIGTERM upon SIGTERM, as often as there is somebody to hear it."""
    family, give_up = children(process.pid), time.monotonic() + STOP_SECONDS
    while process.poll() is None and time.monotonic() < give_up:
        process.terminate()
        time.sleep(0.00005)  # else they become one: with it some come while one is dealt with
    ended(process, family)


def ended(process: subprocess.Popen[str], family: list[int]) -> None:
    assert process.wait(timeout=STOP_SECONDS) == 0
    deadline = time.monotonic() + 1
    while any(map(exists, family)) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not any(map(exists, family))


def test_the_demo_serves_everything_and_ends_whole(start: Start, tmp_path: Path) -> None:
    fill(tmp_path / "shop.sqlite3")
    process, base = start("demo", "--bare")
    log = tmp_path / "log"
    answer = wait_until_ready(process, base, log)
    assert answer["checks"] == {"database": "ok", "migrations": "ok", "cache": "ok", "bus": "ok"}
    with urlopen(f"{base}/healthz", timeout=5) as response:  # noqa: S310
        assert response.read() == b"ok\n"
    with urlopen(f"{base}/static/shop/shop.css", timeout=5) as response:  # noqa: S310
        assert response.headers["Content-Type"].startswith("text/css")
        assert b"--pine" in response.read()

    end(process, signal.SIGINT)

    told = log.read_text()
    assert told.count(BUS_RUNS) == 1
    assert "Traceback" not in told


def test_it_starts_again_on_what_is_there_and_afresh_when_asked(
    start: Start, tmp_path: Path
) -> None:
    fill(tmp_path / "shop.sqlite3")
    for options, words in ((), ""), (("--reset",), "file deleted"):
        process, _ = start("demo", "--bare", "--no-serve", *options)
        assert process.wait(timeout=START_SECONDS) == 0
        assert words in (tmp_path / "log").read_text()
    left = sorted(file.name for file in tmp_path.glob("shop.sqlite3*"))
    assert left == ["shop.sqlite3"]


def test_many_signals_at_once_end_the_demo_as_one_does(start: Start, tmp_path: Path) -> None:
    fill(tmp_path / "shop.sqlite3")
    process, base = start("demo", "--bare")
    wait_until_ready(process, base, tmp_path / "log")
    end_by_many(process)
    assert "Traceback" not in (tmp_path / "log").read_text()


def test_under_the_autoreloader_the_bus_runs_in_the_child_only(
    start: Start, tmp_path: Path
) -> None:
    fill(tmp_path / "shop.sqlite3")
    process, base = start("runserver", address="127.0.0.1:{}")
    log = tmp_path / "log"
    answer = wait_until_ready(process, base, log)
    assert answer["ready"] is True
    [line] = [line for line in log.read_text().splitlines() if BUS_RUNS in line]
    assert int(line.rpartition(" ")[2]) in children(process.pid)

    end(process, signal.SIGTERM)


def ask(connection: HTTPConnection, path: str) -> tuple[int, str | None]:
    """Status and what becomes of the connection."""
    connection.request("GET", path)
    with connection.getresponse() as response:
        response.read()
        return response.status, response.headers["Connection"]


def test_production_serves_on_for_a_while_and_says_that_it_leaves(
    start: Start, tmp_path: Path
) -> None:
    migrating, _ = start("migrate", address="-v0")
    assert migrating.wait(timeout=START_SECONDS) == 0
    process, base = start(program="-m shop.serve", DRAIN_SECONDS="600", EVENTBUS_MODE="worker")
    wait_until_ready(process, base, tmp_path / "log")
    kept = HTTPConnection(base.removeprefix("http://"), timeout=5)
    assert [ask(kept, path) for path in ("/readyz", "/api/v1/")] == [(200, None), (200, None)]

    process.send_signal(signal.SIGTERM)
    give_up = time.monotonic() + STOP_SECONDS
    while (told := ask(kept, "/readyz"))[0] == 200 and time.monotonic() < give_up:
        time.sleep(0.02)
    assert told == (503, "close")
    fresh = HTTPConnection(base.removeprefix("http://"), timeout=5)
    for path in ("/api/v1/", "/static/shop/shop.css", "/healthz"):
        assert ask(fresh, path) == (200, "close")

    end(process, signal.SIGTERM)  # the second: without the rest of the ten minutes


def test_it_ends_at_once_though_its_worker_has_only_begun_to_load(
    start: Start, tmp_path: Path
) -> None:
    process, _ = start(program="-m shop.serve", DRAIN_SECONDS="0")
    give_up = time.monotonic() + START_SECONDS
    while not children(process.pid) and time.monotonic() < give_up:
        time.sleep(0.01)
    end_by_many(process)
    assert "Killing" not in (tmp_path / "log").read_text()


def test_no_signal_is_forgotten_when_the_server_clears_its_interrupt() -> None:
    told: list[int] = []
    interrupt = Interrupt(lambda: bool(told))
    try:
        interrupt.set()
        interrupt.clear()
        assert not interrupt.is_set()
        told.append(signal.SIGTERM)
        interrupt.clear()
        assert interrupt.wait()
    finally:
        signal.set_wakeup_fd(-1)


FORKED = """
import multiprocessing, os, signal
from shop import serve
multiprocessing.set_start_method("spawn")  # the default of Python 3.14 makes no forks either
os.register_at_fork(after_in_child=lambda: os.kill(os.getpid(), signal.SIGTERM))
signal.signal(signal.SIGTERM, lambda *_: None)
serve.prepare_forks()
assert multiprocessing.get_start_method() == "fork"
if (pid := os.fork()) == 0:
    os._exit(0)
assert os.WTERMSIG(os.waitpid(pid, 0)[1]) == signal.SIGTERM
"""


def test_a_worker_that_is_told_to_end_before_it_is_one_ends() -> None:
    succeed("-c", FORKED)


@pytest.mark.postgres
def test_the_demo_fills_and_empties_postgresql_too(postgres_url: str) -> None:
    here = {"DATABASE_URL": postgres_url, "SHOP_CONTEXTS": "orders"}
    assert "postgresql" in succeed("manage.py", "demo", "--bare", "--no-serve", **here)
    assert "every row deleted" in succeed(
        "manage.py", "demo", "--bare", "--no-serve", "--reset", **here
    )


def test_the_whole_shop_is_filled_once(tmp_path: Path) -> None:
    here = {"DATABASE_URL": f"sqlite:///{tmp_path}/shop.sqlite3"}
    log = ("manage.py", "eventbus", "tail", "-n", "1000")
    first = succeed("manage.py", "demo", "--bare", "--no-serve", **here)
    for words in ("Catalogue", "People", "Stock", "staff", "4242 4242 4242 4242"):
        assert words in first
    events = succeed(*log, **here)
    assert "inventory.stock_changed" in events  # so inventory had heard of the articles

    succeed("manage.py", "demo", "--bare", "--no-serve", **here)

    assert succeed(*log, **here) == events
    assert "No dead letters." in succeed("manage.py", "eventbus", "dead", **here)
