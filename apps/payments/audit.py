"""What must hold of the money by itself, and the facts that the shop compares with those of the
other contexts; read by `manage.py check_invariants` (docs/invariants.md)."""

from collections.abc import Iterator, Mapping
from typing import Any

from django.db.models import Count, DecimalField, Exists, F, OuterRef, Q, Subquery, Sum, Value
from django.db.models.functions import Coalesce, Round

from apps.payments.models import GatewayCharge, GatewayRefund, Payment, Refund

type Found = Iterator[tuple[str, list[str], list[tuple[str, str]]]]  # words, keys, rows

CHUNK = 500  # rows in memory at once
MONEY = DecimalField(max_digits=14, decimal_places=2)
NOTHING = Value(0, output_field=MONEY)
DONE, FAILED = Refund.Status.DONE, Refund.Status.FAILED
CAPTURED = GatewayCharge.Status.CAPTURED


# Facts, in the order of their first field ---------------------------------------------------------
def payments() -> Iterator[Mapping[str, Any]]:
    """Each order's payment: what is captured, back, and on its way back, in its currency."""
    rows = Payment.objects.order_by("order_id")
    amounts = rows.values(
        "order_id",
        "id",
        "amount",
        "currency",
        "captured_amount",
        "refunded_amount",
        "refunding_amount",
    )
    return amounts.iterator(CHUNK)


def refunds() -> Iterator[Mapping[str, Any]]:
    """What went back to each order, or could not."""
    rows = Refund.objects.order_by("payment__order_id", "id")
    return rows.values("id", "status", "amount", order_id=F("payment__order_id")).iterator(CHUNK)


# Checks -----------------------------------------------------------------------------------------
def charged_twice() -> Found:
    """Orders that the gateway's own log has more than one capture of."""
    captured = GatewayCharge.objects.filter(status=CAPTURED).exclude(reference="").order_by()
    orders = captured.values_list("reference").annotate(times=Count("id"))
    for matter, times in orders.filter(times__gt=1):
        charges = GatewayCharge.objects.filter(reference=matter, status=CAPTURED)
        rows = [("payments_gatewaycharge", str(pk)) for pk in charges.values_list("pk", flat=True)]
        yield f"order {matter} was charged {times} times", [matter], rows


def off_the_gateway() -> Found:
    """Payments that the gateway's own log contradicts."""
    mine = GatewayCharge.objects.filter(key=OuterRef("gateway_key"), status=CAPTURED)
    back = GatewayRefund.objects.filter(
        charge__key=OuterRef("gateway_key"), status=GatewayRefund.Status.DONE
    )
    returned = back.order_by().values("charge__key").annotate(units=Sum("amount"))
    payments = Payment.objects.order_by("order_id").annotate(
        gateway_took=Coalesce(Subquery(mine.values("amount")[:1]), NOTHING, output_field=MONEY),
        gateway_gave=Round(
            Coalesce(Subquery(returned.values("units")), NOTHING, output_field=MONEY), 2
        ),
    )
    wrong = ~Q(captured_amount=F("gateway_took")) | ~Q(refunded_amount=F("gateway_gave"))
    for row in payments.filter(wrong).iterator(CHUNK):
        says = f"the payment of order {row.order_id} says {row.captured_amount} taken and"
        says += f" {row.refunded_amount} back, the gateway {row.gateway_took}"
        what = f"{says} and {row.gateway_gave}"
        yield what, [str(row.order_id)], [("payments_payment", str(row.pk))]


def charged_for_nothing() -> Found:
    """Captures that no payment knows of."""
    known = Payment.objects.filter(gateway_key=OuterRef("key"))
    for charge in GatewayCharge.objects.filter(~Exists(known), status=CAPTURED).iterator(CHUNK):
        what = f"the gateway took {charge.amount} under {charge.key}: no payment knows of it"
        yield what, [charge.reference], [("payments_gatewaycharge", str(charge.pk))]


FACTS = {"payments": payments, "refunds": refunds}
ALWAYS = {"I5": [charged_twice]}
AT_REST = {"I4": [off_the_gateway, charged_for_nothing]}
