"""`manage.py check_invariants` finds whatever is broken, and nothing else."""

import json
import os
import signal
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from io import StringIO
from typing import Any
from uuid import UUID

import pytest
from django.core.management import call_command
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.test import Client
from django.utils import timezone

from apps.cart.models import Coupon
from apps.inventory.models import StockItem
from apps.notifications.models import MailboxMessage, Notification
from apps.orders import operations as orders
from apps.orders.models import Order, StatusChange
from apps.payments import operations as payments
from eventbus.models import Cursor, Event
from eventbus.testing import drain
from shop.invariants import check, violations
from shop.invariants.audits import Audits
from shop.invariants.catalogue import INVARIANTS
from shop.invariants.snapshot import snapshot
from shop.tests.breaking import BREACHES, Breach, a_cursor_is_set_back
from shop.tests.cards import NO_FUNDS
from shop.tests.factories import ArticleFactory
from shop.tests.shopper import Shopper
from shop.tests.test_monitoring import samples
from shop.tests.test_saga_again import sign_in

each_breach = pytest.mark.parametrize("breach", BREACHES, ids=lambda breach: breach.name)


@pytest.fixture(scope="module")
def _empty_afterwards(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    yield
    with django_db_blocker.unblock():
        call_command("flush", verbosity=0, interactive=False, inhibit_post_migrate=False)


@pytest.fixture
def _sold(_empty_afterwards: None, django_db_blocker: Any) -> None:
    """A shop with orders of every end, at rest; really committed, and once for this module, but
    when a test that commits too has emptied the tables since: which come first is xdist's."""
    with django_db_blocker.unblock():
        if not Order.objects.exists():
            sell()


def sell() -> None:
    Coupon.objects.create(code="LAST", kind="percent", amount=10, total_limit=3)
    sku = ArticleFactory(units=9)
    ArticleFactory(units=2)
    ada, ben, cora, dan = Shopper(), Shopper(), Shopper(), Shopper()
    ada.add(sku, 2)
    assert ada.ask("PUT", "cart/coupon/", {"code": "LAST"}).status == 200
    sent = ada.check_out()
    sign_in(ben)
    kept, failed, voided = ben.buy(sku), cora.buy(sku, card=NO_FUNDS), dan.buy(sku)
    drain()
    assert dan.cancel(voided).status == 200
    assert orders.ship_order(order_id=UUID(sent), carrier="dhl", tracking="1")
    facts = {"reason": "A scratch.", "by": "user:7", "key": "1"}
    payments.refund_payment(order_id=UUID(kept), amount=Decimal("1.00"), **facts)
    drain()
    ada.add(sku)
    statuses = [Order.objects.get(pk=pk).status for pk in (sent, kept, failed, voided)]
    assert statuses == ["SHIPPED", "CONFIRMED", "FAILED", "CANCELLED"]
    mail = Notification.objects.earliest("pk")
    MailboxMessage.objects.create(recipients=mail.recipient, subject=mail.subject)


@pytest.fixture
def _shop(_sold: None, db: None) -> None:
    """What is done to it in a test is undone."""


def names(**how: Any) -> set[str]:
    return {violation.invariant for violation in check(**how).violations}


def run(*words: str, stdout: Any = None) -> tuple[int, str]:
    """Exit code and output of the command."""
    out = stdout or StringIO()
    try:
        call_command("check_invariants", *words, stdout=out)
    except SystemExit as end:
        return int(end.code or 0), out.getvalue()
    return 0, out.getvalue()


def long_ago() -> None:
    Event.objects.update(occurred_at=timezone.now() - timedelta(hours=1))


@pytest.mark.usefixtures("_shop")
def test_nothing_is_found_in_a_healthy_shop() -> None:
    assert violations() == []
    assert violations(at_rest=False) == []
    assert violations(killed=True) == []
    assert check(under_way=False).not_checked == []


def test_each_invariant_is_broken_once_or_more() -> None:
    assert [each.name for each in INVARIANTS] == [f"I{number}" for number in range(1, 19)]
    assert {breach.breaks for breach in BREACHES} == {each.name for each in INVARIANTS}


@each_breach
@pytest.mark.usefixtures("_shop")
def test_a_broken_row_is_found_and_nothing_else(breach: Breach) -> None:
    long_ago()
    breach.act()
    found = check().violations
    assert {violation.invariant for violation in found} == breach.found, found
    assert all(violation.rows for violation in found)
    assert len({*map(str, found)}) == len(found)
    # In an open shop, too: nothing is under way but what a cursor that was set back has to read.
    lasting = set() if breach.act is a_cursor_is_set_back else breach.found
    assert names(under_way=False) == lasting


@pytest.mark.usefixtures("_shop")
def test_what_is_under_way_is_no_violation_in_an_open_shop() -> None:
    order = Shopper().buy(StockItem.objects.earliest("pk").sku)
    found = violations()
    assert "I8" in {violation.invariant for violation in found}
    assert any(order in violation.about for violation in found)
    assert check(under_way=False).violations == []
    assert violations(at_rest=False) == []


@pytest.mark.usefixtures("_shop")
def test_a_mail_whose_sender_died_is_left_to_a_person() -> None:
    mail = Notification.objects.earliest("pk")
    Notification.objects.filter(pk=mail.pk).update(state="held")
    assert names(killed=True) == set()
    Notification.objects.filter(pk=mail.pk).update(state="failed")
    assert names(killed=True) == {"I7"}


@pytest.mark.usefixtures("_shop")
def test_what_needs_a_context_that_is_elsewhere_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    here = [("orders", "apps.orders.audit"), ("inventory", "apps.inventory.audit")]
    monkeypatch.setattr("shop.invariants.audits.declared", lambda: here)
    assert Audits().has(("orders", "holds"))
    report = check()
    assert report.violations == []
    assert "I4 (orders, payments, refunds)" in report.not_checked
    assert not any(each.startswith("I3 ") for each in report.not_checked)
    assert "not checked: I4 (orders, payments, refunds)" in run("--at-rest")[1]


# The command ------------------------------------------------------------------------------------
@pytest.mark.usefixtures("_shop")
def test_the_command_names_the_rows_and_fails() -> None:
    assert run("--at-rest") == (0, "18 invariants, 0 violations.\n")
    order = Order.objects.get(status="CANCELLED")
    Order.objects.filter(pk=order.pk).update(refunded=0)
    code, told = run("--at-rest")
    assert code == 1
    assert told.startswith(f"I4: order {order.number} says 0.00 back, its payment {order.total}")
    assert f"orders_order {order.pk}" in told
    code, told = run("--at-rest", "--json")
    [violation] = json.loads(told)["violations"]
    assert (code, violation["invariant"]) == (1, "I4")
    assert {"table": "orders_order", "id": str(order.pk)} in violation["rows"]
    assert run("--always") == (0, "18 invariants, 0 violations.\n")


def test_the_command_lists_what_must_hold() -> None:
    code, told = run("--list")
    assert code == 0
    assert [line.split()[0] for line in told.splitlines()[::2]] == [
        each.name for each in INVARIANTS
    ]
    assert len(json.loads(run("--list", "--json")[1])) == 18


@pytest.mark.usefixtures("_shop")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["TERM", "INT"])
def test_watching_tells_changes_alone_and_ends_when_told(number: int) -> None:
    class Told(StringIO):
        """What the command tells; a row is broken, then mended, then it is asked to end."""

        def flush(self) -> None:
            lines = self.getvalue().splitlines()
            if len(lines) < 3:
                Order.objects.filter(status="CANCELLED").update(
                    refunded=0 if len(lines) == 1 else refunded
                )
            else:
                os.kill(os.getpid(), number)

    refunded = Order.objects.get(status="CANCELLED").refunded
    before = {each: signal.getsignal(each) for each in (signal.SIGTERM, signal.SIGINT)}
    try:
        code, told = run("--at-rest", "--watch", "0.01", stdout=Told())
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
    assert code == 0
    assert [line.split(":")[0] for line in told.splitlines()] == ["all hold", "broken", "mended"]


@pytest.mark.usefixtures("_shop")
def test_metrics_tell_of_the_last_check(client: Client) -> None:
    def page() -> str:
        return client.get("/metrics").content.decode()

    assert samples(page(), "shop_invariants_checked_timestamp_seconds") == []
    run("--at-rest")
    Order.objects.filter(status="CANCELLED").update(refunded=0)
    assert {value for _, value in samples(page(), "shop_invariant_violations")} == {0}
    run("--always")
    assert {value for _, value in samples(page(), "shop_invariant_violations")} == {0}
    run("--at-rest")
    told = samples(page(), "shop_invariant_violations")
    assert len(told) == 18
    assert [labels for labels, value in told if value] == [{"invariant": "I4"}]
    [(_, at)] = samples(page(), "shop_invariants_checked_timestamp_seconds")
    assert at <= timezone.now().timestamp()


# The database -----------------------------------------------------------------------------------
@pytest.mark.usefixtures("_shop")
@pytest.mark.parametrize(
    ("model", "change", "constraint"),
    [
        (StatusChange, {"from_status": "CONFIRMED", "to_status": "CONFIRMED"}, "history_moves"),
        (Order, {"refunded": Decimal("1000.00")}, "refunded_within_the_total"),
        (Cursor, {"lo": 256, "hi": 256}, "cursor_has_shards"),
        (Cursor, {"hi": 257}, "cursor_has_shards"),
    ],
    ids=["a step to itself", "more back than paid", "an empty range", "a shard too many"],
)
def test_the_database_refuses(model: Any, change: dict[str, Any], constraint: str) -> None:
    first = model.objects.order_by("pk")[:1].get()
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        model.objects.filter(pk=first.pk).update(**change)


@pytest.mark.usefixtures("_shop")
def test_the_database_refuses_a_second_step_to_the_same_status() -> None:
    step = StatusChange.objects.filter(to_status="CONFIRMED").earliest("pk")
    again = {"order_id": step.order_id, "from_status": "PENDING", "to_status": "CONFIRMED"}
    with pytest.raises(IntegrityError), transaction.atomic():
        StatusChange.objects.create(by="payments", at=timezone.now(), **again)


@pytest.mark.django_db(transaction=True)
def test_a_snapshot_can_change_nothing_and_leaves_nothing_behind() -> None:
    with pytest.raises(DatabaseError, match=r"readonly|read-only"), snapshot():
        Coupon.objects.create(code="NEW", kind="percent", amount=10)
    Coupon.objects.create(code="NEW", kind="percent", amount=10)
    assert connection.in_atomic_block is False
    assert Coupon.objects.filter(code="NEW").count() == 1
