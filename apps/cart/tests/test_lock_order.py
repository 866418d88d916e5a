"""Nobody who needs two carts at once waits in a circle with another who does."""

from threading import Thread

import pytest
from django.db import connection

from apps.cart import operations
from apps.cart.operations.carts import Carts
from apps.cart.tests.factories import OWNER, cart_of, open_lines, placed
from eventbus.testing import drain


def wait_until_somebody_waits():
    with connection.cursor() as cursor:
        for _ in range(100_000):
            cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
            if cursor.fetchone()[0]:
                return
    raise AssertionError("Nobody waits for a lock.")


@pytest.mark.engine("postgresql")  # SQLite has one writer at a time
@pytest.mark.django_db(transaction=True)
def test_an_order_that_ends_while_its_owner_signs_in(monkeypatch):
    """The cart that is open again is older than the one whose order ends."""
    cart_of({"a": 1})
    order = placed(cart_of({"b": 1}, status="ordered").pk, {"b": 1})
    drain()
    errors, threads = [], []

    def claim():
        try:
            operations.claim_carts(anonymous=OWNER, owner="user:7")
        except Exception as error:
            errors.append(error)
        finally:
            connection.close()

    read = Carts.read

    def sign_in_meanwhile(carts):
        if not threads:
            threads.append(Thread(target=claim))
            threads[0].start()
            wait_until_somebody_waits()
        return read(carts)

    monkeypatch.setattr(Carts, "read", sign_in_meanwhile)
    try:
        operations.settle_orders([(order, "failed")])
    finally:
        for thread in threads:
            thread.join()
    assert errors == []
    assert open_lines("user:7") == {"a": 1, "b": 1}
