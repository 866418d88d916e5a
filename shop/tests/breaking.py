"""One way each to break a promise: by one row, as a defect of the code or a hand in the database
might. What follows from it by itself is named too."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

from django.db.models import F
from django.utils import timezone
from uuid_utils.compat import uuid7

from apps.cart.models import Article, Cart, CartOrder, Coupon, CouponUse, Stock
from apps.inventory.models import Hold, LedgerEntry, StockItem
from apps.notifications.models import MailboxMessage, Notification, OrderInfo
from apps.orders.models import IdempotencyKey, Order, OrderLine, Price, StatusChange
from apps.payments.models import GatewayCharge, Payment, Refund
from apps.products.models import Availability, BoughtOrder, WaitingShopper
from eventbus.models import Cursor, Event, Parked, Scheduled


@dataclass(frozen=True)
class Breach:
    """What is done to one row, and the invariants that are broken then."""

    act: Callable[[], object]
    breaks: str  # as "I2": the one that is meant
    follows: str = ""  # as "I16": what is broken with it

    @property
    def name(self) -> str:
        return f"{self.breaks} {self.act.__name__}"

    @property
    def found(self) -> set[str]:
        return {self.breaks, *self.follows.split()}


def units_appear() -> None:
    LedgerEntry.objects.create(sku=_item().sku, delta=1, kind="received", reason="?", by="user:7")


def units_on_hand_change() -> None:
    StockItem.objects.filter(pk=_item().pk).update(on_hand=F("on_hand") + 1)


def units_are_held_for_nobody() -> None:
    StockItem.objects.filter(pk=_item().pk).update(held=1)


def a_sold_hold_is_released() -> None:
    _first(Hold.objects.filter(status="committed")).update(status="released")


def a_dead_hold_is_held() -> None:
    _first(Hold.objects.filter(status="released")).update(status="held")


def a_refund_shrinks() -> None:
    _first(Refund.objects.filter(status="done")).update(amount=Decimal("0.01"))


def the_gateway_took_more() -> None:
    _first(GatewayCharge.objects.filter(status="captured")).update(amount=Decimal("99.00"))


def an_order_forgets_its_refund() -> None:
    _first(Order.objects.filter(status="CANCELLED")).update(refunded=0)


def an_order_is_charged_again() -> None:
    one, other = GatewayCharge.objects.filter(status="captured").order_by("pk")[:2]
    GatewayCharge.objects.filter(pk=one.pk).update(reference=other.reference)


def a_cursor_loses_a_shard() -> None:
    _first(Cursor.objects.all()).update(hi=255)


def a_cursor_is_set_back() -> None:
    _first(Cursor.objects.filter(subscriber="orders")).update(tick=None, target=None, pos=0)


def an_event_happens_twice() -> None:
    event = Event.objects.filter(name="payments.processed").earliest("id")
    event.pk, event.event_id = None, uuid7()
    event.save()


def a_mail_is_delivered_twice() -> None:
    message = MailboxMessage.objects.get()
    message.pk = uuid7()
    message.save(force_insert=True)


def a_mail_is_held() -> None:
    _first(Notification.objects.all()).update(state="held")


def a_mail_is_lost() -> None:
    _first(Notification.objects.filter(kind="order_failed")).delete()


def a_cart_waits_for_ever() -> None:
    _first(Cart.objects.filter(status="open")).update(status="ordered")


def an_order_never_ends() -> None:
    _first(Order.objects.filter(status="FAILED")).update(status="PENDING")


def the_log_tells_another_story() -> None:
    _first(Event.objects.filter(name="orders.shipped")).update(name="orders.delivered")


def a_version_falls() -> None:
    event = Event.objects.filter(name="inventory.stock_changed").latest("id")
    Event.objects.filter(pk=event.pk).update(payload={**event.payload, "version": 0})


def an_event_loses_its_cause() -> None:
    event = Event.objects.filter(name="orders.confirmed").earliest("id")
    headers = {**event.headers, "causation_id": str(uuid7())}
    Event.objects.filter(pk=event.pk).update(headers=headers)


def a_history_has_a_gap() -> None:
    _first(StatusChange.objects.filter(to_status="CONFIRMED")).update(from_status="FAILED")


def an_answered_order_is_missing() -> None:
    _change_answer(id=str(uuid4()))


def an_answer_names_another_order() -> None:
    _change_answer(number="HP-0000-0000")


def a_line_costs_more() -> None:
    _first(OrderLine.objects.filter(order__coupon="")).update(unit_price=F("unit_price") + 1)


def a_payment_asks_for_more() -> None:
    _first(Payment.objects.filter(status="captured")).update(amount=F("amount") + 1)


def a_used_coupon_is_free_again() -> None:
    past = timezone.now() - timedelta(hours=1)
    _first(CouponUse.objects.filter(status="used")).update(status="held", held_until=past)


def a_coupon_is_used_too_often() -> None:
    Coupon.objects.filter(code="LAST").update(total_limit=0)


def an_event_is_given_up() -> None:
    _park("dead")


def a_scheduled_event_is_forgotten() -> None:
    _first(Scheduled.objects.all()).update(due_at=timezone.now() - timedelta(hours=1))


def the_catalogue_shows_more_stock() -> None:
    _first(Availability.objects.all()).update(available=F("available") + 1)


def the_cart_knows_more_stock() -> None:
    _first(Stock.objects.all()).update(available=F("available") + 1)


def the_cart_knows_another_price() -> None:
    _first(Article.objects.all()).update(price=F("price") + 1)


def orders_know_another_price() -> None:
    _first(Price.objects.all()).update(price=F("price") + 1)


def the_cart_never_heard_of_the_end() -> None:
    _first(CartOrder.objects.filter(status="confirmed")).update(status="created")


def a_buyer_is_forgotten() -> None:
    known = BoughtOrder.objects.filter(status="confirmed")
    _first(known.filter(customer_id__isnull=False)).update(status="placed")


def the_mails_name_another_total() -> None:
    _first(OrderInfo.objects.all()).update(total=F("total") + 1)


def an_event_is_in_no_gauge() -> None:
    _park("lost")


def somebody_waits_in_vain() -> None:
    WaitingShopper.objects.create(sku=_item().sku, email="ada@example.com", subject="ada")


BREACHES = (
    Breach(units_appear, "I1"),
    Breach(units_on_hand_change, "I1", "I16"),  # more can be sold than the others were told
    Breach(units_are_held_for_nobody, "I2", "I16"),  # less can
    Breach(a_sold_hold_is_released, "I3", "I1"),  # its row of the ledger has lost its reason
    Breach(a_dead_hold_is_held, "I3", "I2"),  # the article does not count it
    Breach(a_refund_shrinks, "I4"),
    Breach(the_gateway_took_more, "I4"),
    Breach(an_order_forgets_its_refund, "I4"),
    Breach(an_order_is_charged_again, "I5"),
    Breach(a_cursor_loses_a_shard, "I6"),
    Breach(a_cursor_is_set_back, "I6"),
    Breach(an_event_happens_twice, "I6"),
    Breach(a_mail_is_delivered_twice, "I7"),
    Breach(a_mail_is_held, "I7"),
    Breach(a_mail_is_lost, "I7"),
    Breach(a_cart_waits_for_ever, "I8"),
    # Its history and its cart know that it has ended.
    Breach(an_order_never_ends, "I8", "I10 I16"),
    Breach(the_log_tells_another_story, "I9"),
    Breach(a_version_falls, "I9"),
    Breach(an_event_loses_its_cause, "I10"),
    Breach(a_history_has_a_gap, "I10", "I9"),  # the log has none
    Breach(an_answered_order_is_missing, "I11"),
    Breach(an_answer_names_another_order, "I12"),
    Breach(a_line_costs_more, "I13"),
    Breach(a_payment_asks_for_more, "I13"),
    Breach(a_used_coupon_is_free_again, "I14"),
    Breach(a_coupon_is_used_too_often, "I14"),
    Breach(an_event_is_given_up, "I15"),
    Breach(a_scheduled_event_is_forgotten, "I15"),
    Breach(the_catalogue_shows_more_stock, "I16"),
    Breach(the_cart_knows_more_stock, "I16"),
    Breach(the_cart_knows_another_price, "I16"),
    Breach(orders_know_another_price, "I16"),
    Breach(the_cart_never_heard_of_the_end, "I16"),
    Breach(a_buyer_is_forgotten, "I16"),
    Breach(the_mails_name_another_total, "I16"),
    Breach(an_event_is_in_no_gauge, "I17", "I15"),  # it is set aside
    Breach(somebody_waits_in_vain, "I18"),
)


def _item() -> StockItem:
    return StockItem.objects.earliest("pk")


def _first[Q](rows: Q) -> Q:
    """Only the first of them; there has to be one."""
    pk = rows.order_by("pk").values_list("pk", flat=True)[:1].get()
    return rows.model._default_manager.filter(pk=pk)


def _change_answer(**body: str) -> None:
    kept = IdempotencyKey.objects.filter(status=201).earliest("id")
    IdempotencyKey.objects.filter(pk=kept.pk).update(body={**kept.body, **body})


def _park(state: str) -> None:
    event = Event.objects.filter(name="orders.created").earliest("id")
    same = {field.name: getattr(event, field.name) for field in Event._meta.fields[1:]}
    now = timezone.now()
    Parked.objects.create(
        subscriber="inventory", position=event.pk, state=state, next_at=now, parked_at=now, **same
    )
