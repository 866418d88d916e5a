"""The loop in threads: wake-up, polling, errors that do not end it."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from django.db import OperationalError, connection, transaction

from eventbus import notify, publish, subscribe, thread, wakeup, watchdog, worker
from eventbus.commands.running import end_on_signals
from eventbus.cursors import ensure_cursors
from eventbus.tests.conftest import Effects, Happened, Number
from eventbus.tests.test_delivery import noting

PATIENCE = 20.0  # seconds that a loaded machine may need for what usually takes milliseconds


@contextmanager
def running() -> Iterator[threading.Thread]:
    """A worker in a thread, for the length of the block."""
    stop = threading.Event()
    thread = threading.Thread(target=worker.run, args=(stop,), name="bus")
    thread.start()
    try:
        yield thread
    finally:
        stop.set()
        wakeup.ring()
        thread.join(PATIENCE)
        assert not thread.is_alive()


def eventually(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.01)


def test_a_running_worker_handles_what_is_published(effects: Effects, say: Any) -> None:
    noting(effects, "a")
    with running():
        say("k", 1, 2, 3)
        eventually(lambda: effects.of("a") == [1, 2, 3])


def test_a_backlog_is_handled_without_any_publish(effects: Effects, say: Any) -> None:
    noting(effects, "a")
    say("k", 1)
    with running():
        eventually(lambda: effects.of("a") == [1])


def test_polling_finds_what_no_bell_announced(
    effects: Effects, say: Any, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    """Another process published: this one hears nothing of it."""
    settings.EVENTBUS = {**settings.EVENTBUS, "poll_seconds": 0.05}
    noting(effects, "a")
    monkeypatch.setattr("eventbus.writing.announce", lambda: None)
    with running():
        say("k", 1)
        eventually(lambda: effects.of("a") == [1])


@pytest.mark.engine("postgresql")
def test_a_commit_elsewhere_wakes_a_worker_long_before_it_polls(
    effects: Effects, say: Any, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    settings.EVENTBUS = {**settings.EVENTBUS, "poll_seconds": 600}
    noting(effects, "a")
    monkeypatch.setattr("eventbus.writing.announce", lambda: None)
    monkeypatch.setattr("eventbus.wakeup.ring", ring := Rings())
    with running():
        eventually(lambda: ring.count >= 1)  # it listens
        say("k", 1)
        announce_in_another_process()
        eventually(lambda: effects.of("a") == [1])


def announce_in_another_process() -> None:
    database = connection.settings_dict
    url = f"postgres://{database['USER']}@{database['HOST']}:{database['PORT']}/{database['NAME']}"
    code = "import time; from eventbus.notify import announce; announce(); time.sleep(1)"
    subprocess.run(
        [sys.executable, "manage.py", "shell", "-v0", "-c", code],
        env={**os.environ, "DATABASE_URL": url, "EVENTBUS_MODE": "worker"},
        check=True,
    )


class Rings:
    """The bell, counted."""

    def __init__(self) -> None:
        self.count = 0
        self.ring = wakeup.ring

    def __call__(self) -> None:
        self.count += 1
        self.ring()


def test_external_calls_do_not_hold_up_the_rest(effects: Effects, say: Any) -> None:
    noting(effects, "a")
    go_on = threading.Event()

    @subscribe("test.happened", subscriber="slow", external=True)
    def call_slowly(view: Number) -> Callable[[], object]:
        assert go_on.wait(PATIENCE)
        return lambda: effects.note("slow", "k", view.n)

    with running():
        say("k", 1, 2)
        eventually(lambda: effects.of("a") == [1, 2])
        assert effects.of("slow") == []
        go_on.set()
        eventually(lambda: effects.of("slow") == [1, 2])


def out_of_memory(*_: object) -> None:
    raise MemoryError


def test_no_error_ends_the_loop(
    effects: Effects, say: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    noting(effects, "a")
    failures = [OperationalError("the server closed the connection"), RuntimeError("a defect")]
    step = worker.Worker.step
    monkeypatch.setattr(worker.logger, "exception", out_of_memory)

    def failing_step(self: worker.Worker) -> int:
        if failures:
            raise failures.pop()
        return step(self)

    monkeypatch.setattr(worker.Worker, "step", failing_step)
    with running():
        say("k", 1)
        eventually(lambda: effects.of("a") == [1])


def test_no_memory_to_wait_ends_no_thread(
    effects: Effects, say: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each wait makes a lock of its own."""
    noting(effects, "a")
    waited = dict.fromkeys(("eventbus-watchdog", "eventbus-caller-0", "bus"), 0)
    real = threading.Condition.wait

    def wait(self: threading.Condition, timeout: float | None = None) -> bool:
        name = threading.current_thread().name
        if timeout is not None and name in waited:  # without one: until a thread has begun
            waited[name] += 1
            if waited[name] <= 2:
                raise MemoryError
        return real(self, timeout)

    monkeypatch.setattr(watchdog, "LOOK_SECONDS", 0.01)
    monkeypatch.setattr(threading.Condition, "wait", wait)
    with running():
        eventually(lambda: min(waited.values()) > 2)
        say("k", 1)
        eventually(lambda: effects.of("a") == [1])


def test_two_workers_take_each_event_once(effects: Effects, say: Any) -> None:
    noting(effects, "a")
    noting(effects, "b")
    ensure_cursors()
    with running(), running():
        for n in range(30):
            say(f"k{n % 4}", n)
        eventually(lambda: len(effects.of("a")) == len(effects.of("b")) == 30)
    for key in range(4):
        assert effects.of("a", f"k{key}") == list(range(key, 30, 4))


def test_the_thread_is_started_once_a_process_and_ends(effects: Effects, say: Any) -> None:
    noting(effects, "a")
    thread.start()
    try:
        before = threading.active_count()
        thread.start()
        assert threading.active_count() == before
        assert thread.is_alive()
        with transaction.atomic():
            publish(Happened(n=1), key="k")
        eventually(lambda: effects.of("a") == [1])
    finally:
        thread.stop()
    assert not thread.is_alive()


def test_manual_and_worker_mode_start_no_thread(settings: Any) -> None:
    for mode in ("manual", "worker"):
        settings.EVENTBUS = {**settings.EVENTBUS, "mode": mode}
        thread.start_if_configured()
        assert not thread.is_alive()


class Noting(threading.Event):
    """Knows who has set it."""

    by: threading.Thread | None = None

    def set(self) -> None:
        self.by = threading.current_thread()
        super().set()


def test_a_signal_waits_for_no_lock_of_the_thread_that_it_interrupts() -> None:
    """That thread would never give it back: a worker that is told twice to end would hang."""
    stop = Noting()
    before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
    try:
        end_on_signals(stop)
        signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGINT)
        assert stop.wait(PATIENCE)
    finally:
        signal.signal(signal.SIGTERM, before[0])
        signal.signal(signal.SIGINT, before[1])
    assert stop.by is not threading.main_thread()


@pytest.mark.engine("postgresql")
def test_notifications_of_other_sessions_are_heard(
    effects: Effects, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Behind PgBouncer one's own may arrive, for it comes with the answer, and no other."""
    listening, real, senders = connection.copy(), psycopg.Connection.notifies, []

    def notifies(self: Any, **how: Any) -> Iterator[Any]:
        for one in real(self, **how):
            senders.append(one.pid)
            yield one

    monkeypatch.setattr(psycopg.Connection, "notifies", notifies)
    try:
        assert notify._hears(listening)
        assert senders != [listening.connection.info.backend_pid]
    finally:
        listening.close()


@pytest.mark.engine("postgresql")
def test_who_hears_none_says_so_and_polls(
    effects: Effects, say: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """As behind a pooler that gives a connection's next transaction to another session."""
    monkeypatch.setattr(psycopg.Connection, "notifies", lambda *_, **__: iter(()))
    noting(effects, "a")
    with running():
        eventually(lambda: "no notification arrives" in caplog.text)
        say("k", 1)
        eventually(lambda: effects.of("a") == [1])
