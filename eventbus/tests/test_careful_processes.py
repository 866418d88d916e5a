"""An event that kills or hangs real processes, and the watchdog that ends those that hang."""

import os
import signal
import subprocess
import sys
from typing import Any

import pytest
from django.db import connection

from eventbus import watchdog
from eventbus.models import Parked
from eventbus.tests.conftest import Effects
from eventbus.tests.test_careful import lapse
from eventbus.tests.test_delivery import noting


def test_who_takes_too_long_is_told() -> None:
    with watchdog.watched("slow", seconds=-1):
        assert watchdog.overdue() == "slow"
        with watchdog.watched("inner"):
            assert watchdog.overdue() is None
        assert watchdog.overdue() == "slow"
    assert watchdog.overdue() is None


CHILD = """
import os, signal, sys, threading, time
import django
django.setup()
from django.conf import settings
settings.EVENTBUS = {**settings.EVENTBUS, "mode": "worker", "hang_seconds": 0.5, "max_deaths": 1}
from eventbus import Envelope, subscribe, watchdog, worker
from eventbus.registry import subscribers
from eventbus.tests.conftest import Effects, Happened, Number
subscribers.clear()

def out_of_memory():
    raise MemoryError

@subscribe("test.happened", subscriber="a")
def note(view: Number, envelope: Envelope) -> None:
    if view.n == 2 and sys.argv[1] == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    if view.n == 2 and sys.argv[1] == "hang":
        time.sleep(600)
    if view.n == 3:
        stop.set()
    Effects().note("a", envelope.key, view.n)

looks = [watchdog.overdue, out_of_memory]
watchdog.overdue = lambda: looks[-1]() if len(looks) == 1 else looks.pop()()
stop = threading.Event()
worker.run(stop)
"""


def child(what: str) -> int:
    """A worker process that does this at a 2 and ends by itself at a 3; its exit code."""
    database = connection.settings_dict
    url = f"sqlite:///{database['NAME']}"
    if connection.vendor == "postgresql":
        server = f"{database['USER']}@{database['HOST']}:{database['PORT']}"
        url = f"postgres://{server}/{database['NAME']}"
    return subprocess.run(
        [sys.executable, "-c", CHILD, what],
        env={**os.environ, "DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "shop.settings"},
        check=False,
        timeout=60,
        capture_output=True,
    ).returncode


@pytest.mark.process
def test_a_process_that_is_killed_or_hangs_again_and_again_gets_past_it(
    effects: Effects, say: Any
) -> None:
    noting(effects, "a")
    say("k", 1, 2)
    say("l", 3)
    assert [child("die"), child("hang")] == [-signal.SIGKILL, watchdog.EXIT_CODE]
    assert effects.of("a") == [1]
    assert child("die") == 0
    assert effects.of("a") == [1, 3]
    assert Parked.objects.get().state == "retrying"
    lapse()
    assert child("die") == -signal.SIGKILL
    lapse()
    say("l", 3)
    assert child("die") == 0
    assert Parked.objects.get().state == "dead"
