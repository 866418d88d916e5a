"""What the contexts say of one order, compared."""

from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.conf import settings

from shop.invariants.joining import Fact
from shop.invariants.violation import Found, Row

type Facts = dict[str, list[Fact]]  # by name; of one order, or of one cart

SOLD = {"CONFIRMED", "SHIPPED", "DELIVERED"}
TOLD = {*SOLD, "FAILED", "CANCELLED"}  # by a mail each
GONE = {"released", "restocked", "refused", "void"}


def sold_without_stock(key: UUID, facts: Facts) -> Iterator[Found]:
    """Orders that stand, whose hold is gone."""
    for order, hold in _pairs(facts, "orders", "holds"):
        if order["status"] in SOLD and hold["status"] in GONE:
            what = f"order {order['number']} is {order['status']}, its hold is {hold['status']}"
            yield what, [str(key)], [_order(order), ("inventory_hold", str(hold["id"]))]


def stock_not_as_sold(key: UUID, facts: Facts) -> Iterator[Found]:
    """Orders that stand and have not bought exactly their lines, and others that have something."""
    order, hold = _one(facts, "orders"), _one(facts, "holds")
    number = order["number"] if order else key
    status, held = (order or {}).get("status"), (hold or {}).get("status")
    rows = [_order(order)] if order else []
    rows += [("inventory_hold", str(hold["id"]))] if hold else []
    if held == "held":
        yield f"order {number} is {status}, and still holds stock", [str(key)], rows
    elif (held == "committed") != (status in SOLD):
        yield f"order {number} is {status}, its hold is {held}", [str(key)], rows
    elif status in SOLD:
        ordered, sold = _units(facts["order_lines"]), _units(facts["sold_lines"])
        if ordered != sold:
            what = f"order {number} wants {ordered}, and was sold {sold}"
            yield what, [str(key)], rows


def money_not_as_decided(key: UUID, facts: Facts) -> Iterator[Found]:
    """Orders that have not paid what they owe, or not got back what they do not owe."""
    order, payment = _one(facts, "orders"), _one(facts, "payments")
    if order is None:
        if payment and payment["captured_amount"] != payment["refunded_amount"]:
            yield f"order {key} has paid, and is not there", [str(key)], [_payment(payment)]
        return
    if payment is None:
        if order["status"] in SOLD and order["total"]:
            what = f"order {order['number']} is {order['status']} and has no payment"
            yield what, [str(key)], [_order(order)]
        return
    for what in _wrong_money(order, payment, facts["refunds"]):
        yield f"order {order['number']} {what}", [str(key)], [_order(order), _payment(payment)]


def _wrong_money(order: Fact, payment: Fact, refunds: list[Fact]) -> Iterator[str]:
    net = payment["captured_amount"] - payment["refunded_amount"]
    due = order["total"] if order["status"] in SOLD else Decimal(0)
    if order["status"] in SOLD:  # less what staff gave back
        due -= _sum(refunds, "done")
    elif _sum(refunds, "failed"):  # a person has to see to it, and was told
        due = net
    if net != due:
        yield f"is {order['status']} and has paid {net} of {due}"
    if payment["refunded_amount"] != order["refunded"]:
        yield f"says {order['refunded']} back, its payment {payment['refunded_amount']}"
    if payment["refunded_amount"] != _sum(refunds, "done"):
        yield f"has {payment['refunded_amount']} back, its refunds are {_sum(refunds, 'done')}"
    if payment["refunding_amount"]:
        yield f"has {payment['refunding_amount']} still on the way back"


def amount_not_the_total(key: UUID, facts: Facts) -> Iterator[Found]:
    """Payments of another amount or currency than their order's."""
    for order, payment in _pairs(facts, "orders", "payments"):
        if not payment["currency"]:  # orders.created has not come yet
            continue
        wanted = (order["total"], order["currency"])
        asked = (payment["amount"], payment["currency"])
        if asked != wanted:
            what = f"order {order['number']} costs {_money(wanted)}, its payment {_money(asked)}"
            yield what, [str(key)], [_order(order), _payment(payment)]


def mails_not_as_told(key: UUID, facts: Facts) -> Iterator[Found]:
    """Orders whose mails are not one for each thing that happened."""
    steps = {step["to_status"] for step in facts["order_steps"]}
    expected = Counter(f"order_{status.lower()}" for status in steps & TOLD)
    expected["payment_refunded"] += len(_refunds(facts, "done"))
    expected["refund_failed"] += len(_refunds(facts, "failed")) * len(settings.STAFF_MAIL)
    written = Counter(mail["kind"] for mail in facts["mails"])
    for kind in sorted({*expected, *written}):
        if written[kind] != expected[kind]:
            order = _one(facts, "orders")
            rows = [("notifications_notification", str(mail["id"])) for mail in facts["mails"]]
            rows = [
                row for row, mail in zip(rows, facts["mails"], strict=True) if mail["kind"] == kind
            ]
            number = order["number"] if order else key
            what = f"order {number} has {written[kind]} mails {kind}, not {expected[kind]}"
            yield what, [str(key)], [*([_order(order)] if order else []), *rows]


def cart_not_as_ordered(key: UUID, facts: Facts) -> Iterator[Found]:
    """Orders that the cart thinks otherwise of."""
    for order, known in _pairs(facts, "orders", "cart_orders"):
        status, said = order["status"], known["status"].upper()
        sold_once = status == "CANCELLED" and said == "CONFIRMED"
        if said != ("CONFIRMED" if status in SOLD or sold_once else status):
            what = f"order {order['number']} is {status}, to the cart {known['status']}"
            yield what, [str(key), str(known["cart_id"])], [("cart_cartorder", str(key))]


def buyer_not_as_sold(key: UUID, facts: Facts) -> Iterator[Found]:
    """Customers' orders that the catalogue thinks otherwise of."""
    order, known = _one(facts, "orders"), _one(facts, "bought_orders")
    if order is None or order["customer_id"] is None:
        return
    stands = known is not None and known["status"] == "confirmed"
    whose = known["customer_id"] if known else order["customer_id"]
    if stands != (order["status"] in SOLD) or whose != order["customer_id"]:
        said = f"{known['status']} by {known['customer_id']}" if known else "unknown"
        what = f"order {order['number']} is {order['status']}, to the catalogue {said}"
        yield what, [str(key)], [("products_boughtorder", str(key))]


def mail_says_otherwise(key: UUID, facts: Facts) -> Iterator[Found]:
    """Orders whose mails would name another number or total."""
    for order, known in _pairs(facts, "orders", "mailed_orders"):
        fields = ("number", "total", "currency")
        if [order[name] for name in fields] != [known[name] for name in fields]:
            what = f"order {order['number']} costs {order['total']}, in its mails {known['total']}"
            yield what, [str(key)], [("notifications_orderinfo", str(key))]


def coupon_not_as_sold(key: UUID, facts: Facts) -> Iterator[Found]:
    """Carts whose coupons in use are not those of the orders that stand."""
    sold = {row["coupon"] for row in facts["coupon_orders"]}
    used = {row["coupon_id"]: row["id"] for row in facts["coupon_uses"]}
    about = [str(key), *(str(row["order_id"]) for row in facts["coupon_orders"])]
    for coupon in sorted(sold ^ set(used)):
        said = "sold with it, not used" if coupon in sold else "used, not sold"
        rows = [("cart_couponuse", str(used[coupon]))] if coupon in used else []
        rows += [("orders_order", order) for order in about[1:]]
        yield f"cart {key}: coupon {coupon} is {said}", about, rows


def _pairs(facts: Facts, one: str, other: str) -> Iterator[tuple[Fact, Fact]]:
    """Both rows, where there are both."""
    yield from zip(facts[one], facts[other], strict=False)


def _one(facts: Facts, name: str) -> Fact | None:
    return facts[name][0] if facts[name] else None


def _units(lines: list[Fact]) -> dict[str, int]:
    units: Counter[str] = Counter()
    for line in lines:
        units[line["sku"]] += line["quantity"]
    return dict(sorted(units.items()))


def _refunds(facts: Facts, status: str) -> list[Fact]:
    return [row for row in facts["refunds"] if row["status"] == status]


def _sum(refunds: list[Fact], status: str) -> Decimal:
    return sum((row["amount"] for row in refunds if row["status"] == status), Decimal(0))


def _money(amount: tuple[Any, ...]) -> str:
    return f"{amount[0]} {amount[1]}"


def _order(order: Fact) -> Row:
    return "orders_order", str(order["order_id"])


def _payment(payment: Fact) -> Row:
    return "payments_payment", str(payment["id"])
