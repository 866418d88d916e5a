"""Whatever happens, in whichever order and however often: the numbers add up."""

import threading
from collections.abc import Callable
from types import SimpleNamespace

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from uuid_utils.compat import uuid7

from apps.inventory import operations, queries
from apps.inventory.models import Hold, LedgerEntry, StockItem
from apps.inventory.tests.factories import create, end, numbers, stocked
from eventbus.models import Event, Parked
from eventbus.testing import drain, redeliver

SKUS = ("BOWL", "MUG")
LINES = ((("MUG", 2),), (("MUG", 1), ("BOWL", 2)), (("BOWL", 1), ("MUG", 1), ("MUG", 1)))


class Shop:
    """The rest of the shop, as far as inventory can tell: orders decides how an order ends."""

    def __init__(self) -> None:
        self.orders = [uuid7() for _ in LINES]
        self.status = ["new"] * len(LINES)
        self.heard: list[tuple[str, object]] = []

    def tell(self, name: str, index: int, emit: Callable[[], object]) -> None:
        emit()
        self.heard.append((name, self.orders[index]))

    def place(self, index: int) -> None:
        if self.status[index] == "new":
            retry_of = self.orders[0] if index == 1 and self.status[0] == "failed" else None
            order, lines = self.orders[index], LINES[index]
            self.tell(
                "orders.created", index, lambda: create(*lines, order=order, retry_of=retry_of)
            )
            self.status[index] = "pending"

    def confirm(self, index: int) -> None:
        held = Hold.objects.filter(order_id=self.orders[index], status=Hold.Status.HELD)
        if self.status[index] == "pending" and held.exists():
            self.finish(index, "orders.confirmed", "confirmed")

    def decline(self, index: int) -> None:
        """Orders hears of the failed payment at once, inventory whenever the bus brings it."""
        if self.status[index] == "pending":
            self.finish(index, "orders.failed", "failed")
            self.finish(index, "payments.failed", "failed")

    def cancel(self, index: int) -> None:
        if self.status[index] in ("pending", "confirmed"):
            self.finish(index, "orders.cancelled", "cancelled")

    def finish(self, index: int, name: str, status: str) -> None:
        self.tell(name, index, lambda: end(name, self.orders[index]))
        self.status[index] = status

    def adjust(self, sku: str, delta: int) -> None:
        """Staff: what cannot be done is refused and changes nothing."""
        before = numbers(sku)
        try:
            operations.adjust_stock(sku=sku, delta=delta, reason="Stocktaking", by="user:1")
        except operations.StockRefused:
            assert numbers(sku) == before

    def check(self) -> None:
        for item in queries.stock_levels():
            rows = LedgerEntry.objects.filter(sku=item.sku).values_list("delta", flat=True)
            assert item.on_hand == sum(rows), f"I1: {item}"
            assert 0 <= item.held <= item.on_hand, f"I2: {item}"
        assert not queries.unbalanced_items().exists(), "I1, I2"
        for order, status in zip(self.orders, self.status, strict=True):
            hold = Hold.objects.filter(order_id=order).first()
            if status == "confirmed":
                assert hold.status == "committed", "I3"
            elif status in ("failed", "cancelled"):
                assert hold.status not in Hold.OPEN, "I3c"


orders = st.integers(0, len(LINES) - 1)
steps = st.one_of(
    st.tuples(st.sampled_from(["place", "place", "confirm", "decline", "cancel"]), orders),
    st.tuples(st.just("adjust"), st.sampled_from(SKUS), st.integers(-3, 3)),
    st.tuples(st.just("again"), st.integers(0, 99)),
)


@pytest.mark.django_db
@settings(
    max_examples=25,
    deadline=None,
    print_blob=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(history=st.lists(steps, min_size=5, max_size=20), seed=st.integers(0, 2**32 - 1))
def test_the_numbers_add_up_after_every_step_of_any_history(history, seed):
    with transaction.atomic():  # one example leaves nothing to the next
        stocked("BOWL", 2)
        stocked("MUG", 3)
        shop = Shop()
        for number, (name, *arguments) in enumerate(history):
            if name == "again":
                if shop.heard:
                    event, order = shop.heard[arguments[0] % len(shop.heard)]
                    redeliver(event, key=order, subscriber="inventory")
            else:
                getattr(shop, name)(*arguments)
            drain(seed=seed + number)
            shop.check()
        assert not Parked.objects.filter(subscriber="inventory").exists()
        transaction.set_rollback(True)


def in_threads(count: int, act: Callable[[int], object]) -> list[BaseException]:
    """Run `act(0)` to `act(count - 1)` at once; says what went wrong."""
    errors: list[BaseException] = []
    start = threading.Barrier(count)

    def run(number: int) -> None:
        start.wait()
        try:
            act(number)
        except BaseException as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return errors


def placed(order, *lines, retry_of=None):
    wanted = [SimpleNamespace(sku=sku, quantity=quantity) for sku, quantity in lines]
    return SimpleNamespace(order_id=order, lines=wanted, retry_of=retry_of)


def reserve(*lines, retry_of=None):
    order = uuid7()
    operations.reserve_stock(orders=[placed(order, *lines, retry_of=retry_of)])
    return order


def commit(order):
    operations.commit_holds(order_ids=[order])


def release(order, why):
    operations.release_holds(ended=[(order, why)])


@pytest.mark.django_db(transaction=True)
def test_twenty_orders_at_once_for_ten_units_hold_exactly_ten():
    stocked("MUG", 10)

    errors = in_threads(20, lambda _: reserve(("MUG", 1)))

    assert errors == []
    assert numbers("MUG") == (10, 10)
    assert Hold.objects.filter(status="held").count() == 10
    assert Hold.objects.filter(status="refused").count() == 10
    assert Event.objects.filter(name="inventory.reserved").count() == 10
    assert Event.objects.filter(name="inventory.failed").count() == 10
    assert StockItem.objects.get(sku="MUG").version == 12  # learnt, stocked, held 10 times


@pytest.mark.django_db(transaction=True)
def test_orders_that_want_the_same_articles_in_another_order_never_wait_in_a_circle():
    for sku in ("BOWL", "LAMP", "MUG"):
        stocked(sku, 100)
    lines = [("BOWL", 1), ("LAMP", 1), ("MUG", 1)]

    def live(number):
        order = reserve(*(lines if number % 2 else reversed(lines)))
        if number % 3 == 0:
            release(order, "orders.failed")
            order = reserve(*lines[number % 2 :], retry_of=order)
        commit(order)
        release(order, "orders.cancelled")

    errors = in_threads(12, live)

    assert errors == []
    assert [numbers(sku) for sku in ("BOWL", "LAMP", "MUG")] == [(100, 0)] * 3
    assert not queries.unbalanced_items().exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("confirmed", [False, True])
def test_of_many_ends_at_once_one_gives_the_stock_back(confirmed):
    stocked("MUG", 5)
    order = reserve(("MUG", 2))
    if confirmed:
        commit(order)

    errors = in_threads(8, lambda _: release(order, "orders.cancelled"))

    assert errors == []
    assert numbers("MUG") == (5, 0)
    assert Event.objects.filter(name="inventory.released").count() == 1


@pytest.mark.django_db(transaction=True)
def test_batches_and_the_retries_of_their_orders_at_once_leave_the_numbers_right():
    """The two write the first row of the same order, from two ranges of the bus."""
    for sku in ("BOWL", "MUG"):
        stocked(sku, 8)
    first, again = [uuid7() for _ in range(8)], [uuid7() for _ in range(8)]

    def act(number):
        one, two = number * 4, number * 4 + 4
        operations.reserve_stock(orders=[placed(each, ("MUG", 1)) for each in first[one:two]])
        retries = [
            placed(order, ("BOWL", 1), retry_of=failed)
            for order, failed in zip(again[one:two], first[::-1][one:two], strict=True)
        ]
        operations.reserve_stock(orders=retries)

    errors = in_threads(2, act)

    assert errors == []
    assert numbers("BOWL") == (8, 8)
    assert numbers("MUG") == (8, 0)
    assert not queries.unbalanced_items().exists()


@pytest.mark.django_db(transaction=True)
def test_of_many_orders_at_once_one_tells_of_low_stock():
    stocked("MUG", 20, low_threshold=15)

    errors = in_threads(10, lambda _: reserve(("MUG", 1)))

    assert errors == []
    low = Event.objects.filter(name="inventory.low_stock").values_list("payload", flat=True)
    assert list(low) == [{"sku": "MUG", "available": 15, "threshold": 15}]
