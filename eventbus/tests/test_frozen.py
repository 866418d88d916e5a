"""A process that is frozen (stopped, or paged out) neither works nor dies: the server frees what it
holds, and when it wakes up its work is not done twice (PostgreSQL)."""

import os
import signal
import subprocess
from typing import Any

import pytest
from django.conf import settings
from django.db import Error

from eventbus import Envelope, subscribe
from eventbus.cursors import ensure_cursors
from eventbus.engines import engine
from eventbus.models import Parked
from eventbus.tests.conftest import Effects, Number
from eventbus.tests.mortal import start
from eventbus.tests.test_delivery import noting
from eventbus.tests.test_worker import eventually
from eventbus.worker import Worker

pytestmark = pytest.mark.engine("postgresql")
SECONDS = 0.2  # until a worker counts as hanging


def freeze_once(calm: bool) -> None:
    """Handle a 1, and freeze in the middle of the first 2; by then the range is read with no
    care any more if `calm`. Ends when there is nothing left."""
    settings.EVENTBUS = {**settings.EVENTBUS, "hang_seconds": SECONDS}
    frozen = []

    @subscribe("test.happened", subscriber="a")
    def note(view: Number, envelope: Envelope) -> None:
        Effects().note("a", envelope.key, view.n)
        if view.n == 2 and not frozen:
            frozen.append(True)
            os.kill(os.getpid(), signal.SIGSTOP)

    worker = Worker()
    while Effects().of("a") != [1, 2, 3] or Parked.objects.exists():
        try:
            worker.step()
        except Error:
            engine().close()


def state_of(pid: int) -> str:
    """As `ps` calls it: T is stopped."""
    done = subprocess.run(
        ["ps", "-o", "state=", "-p", str(pid)], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


@pytest.mark.process
@pytest.mark.parametrize("calm", [True, False])
def test_what_a_frozen_worker_holds_is_freed_and_nothing_is_done_twice(
    effects: Effects, say: Any, calm: bool
) -> None:
    noting(effects, "a")
    ensure_cursors()
    say("k", 1)
    if not calm:
        say("k", 2)
    frozen = start(freeze_once, calm)
    try:
        if calm:
            eventually(lambda: effects.of("a") == [1])
            say("k", 2)
        eventually(lambda: state_of(frozen.pid or 0).startswith("T"))
        say("k", 3)
        worker = Worker()
        eventually(lambda: worker.step() >= 0 and effects.of("a") == [1, 2, 3])
        os.kill(frozen.pid or 0, signal.SIGCONT)
        frozen.join(20)
        assert frozen.exitcode == 0
    finally:
        frozen.kill()
        frozen.join()
    assert effects.of("a") == [1, 2, 3]
    assert Parked.objects.count() == 0
