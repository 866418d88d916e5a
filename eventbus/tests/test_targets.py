"""A cursor works towards one tick at a time, and goes on with the next at once."""

from django.db import transaction

from eventbus import publish
from eventbus.engines import engine
from eventbus.models import Cursor
from eventbus.testing import drain
from eventbus.tests.conftest import Effects, Happened
from eventbus.tests.test_delivery import noting
from eventbus.tests.test_visibility import another_connection, insert, on_postgresql, run


@on_postgresql
def test_a_target_stays_fixed_until_it_is_done(effects: Effects) -> None:
    """A low id that becomes visible while the cursor is past it belongs to the next target."""
    noting(effects, "a")
    drain()
    with another_connection() as slow:
        run(slow, "BEGIN", insert(0))
        for n in (1, 2, 3):
            with transaction.atomic():
                publish(Happened(n=n), key="k")
        drain_one(limit=2)
        assert effects.of("a") == [1, 2]
        run(slow, "COMMIT")
        engine().refresh()
    drain()
    assert effects.of("a") == [1, 2, 3, 0]


@on_postgresql
def test_what_comes_while_a_target_is_worked_off_does_not_wait(effects: Effects) -> None:
    """The target's last event filled its batch; the next batch goes on with the next target."""
    noting(effects, "a")
    drain()
    for n in (1, 2):
        with transaction.atomic():
            publish(Happened(n=n), key="k")
    drain_one(limit=2)
    with transaction.atomic():
        publish(Happened(n=3), key="k")
    drain_one(limit=2)
    assert effects.of("a") == [1, 2, 3]


def drain_one(*, limit: int) -> None:
    from eventbus.delivery import run_batch
    from eventbus.registry import subscribers

    engine().refresh()
    run_batch(engine(), subscribers["a"], Cursor.objects.get(subscriber="a").pk, limit=limit)
