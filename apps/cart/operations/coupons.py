"""Coupons: who may use one, and what becomes of a use.

Exact however many ask at once: whoever holds a use has the coupon's row locked while it counts.
Locks are taken in this order: carts, coupon, uses by coupon and cart. A use that was held and not ordered is free again
when its time is over, because only live ones are counted; nobody has to clear up.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from django.db.models import Case, Count, Q, QuerySet, Value, When
from django.db.models.functions import Now
from django.utils import timezone

from apps.cart.models import Cart, CartOrder, Coupon, CouponUse
from apps.cart.operations.errors import (
    CouponExpired,
    CouponMinimum,
    CouponNotStarted,
    CouponUnknown,
    CouponUsedByYou,
    CouponUsedUp,
)
from apps.cart.pricing import percent_off

# How much after a quote's end one may hear of its order, at most.
GRACE = timedelta(minutes=15)
# After a failure. Orders lets it be paid again for 15 minutes, and the rest is for hearing of it.
# Not longer than a quote's lifetime and GRACE together, or a new quote would shorten it.
RETRY = timedelta(minutes=30)


def tidy(code: str) -> str:
    """The code as it is kept: shoppers type it in small letters and with spaces around."""
    return code.strip().upper()


def save_coupon(coupon: Coupon) -> None:
    """Keep the coupon as staff have set it, its code in capitals. Raises ValidationError when it
    makes no sense; then nothing has changed. Uses that are held or had stay as they are."""
    coupon.code = tidy(coupon.code)
    coupon.full_clean(validate_unique=False)
    coupon.save()


def locked_coupon(code: str, *, owner: str, cart_id: UUID, subtotal: Decimal) -> Coupon:
    """The coupon, its row locked, when this cart may use it now.

    Raises CouponUnknown (also for one that is switched off), CouponNotStarted, CouponExpired,
    CouponMinimum, CouponUsedUp and CouponUsedByYou.
    """
    # "No key" lets go on whoever inserts a use: that refers to the row and does not change it.
    rows = Coupon.objects.select_for_update(no_key=True)
    coupon = rows.annotate(window=_window()).filter(pk=code, active=True).first()
    if coupon is None:
        raise CouponUnknown
    if coupon.window == "early":
        raise CouponNotStarted
    if coupon.window == "late":
        raise CouponExpired
    if subtotal < coupon.minimum:
        raise CouponMinimum(minimum=coupon.minimum, missing=coupon.minimum - subtotal)
    _ensure_free(coupon, owner=owner, cart_id=cart_id)
    return coupon


def discount_of(coupon: Coupon, subtotal: Decimal) -> Decimal:
    """What the coupon takes off: never more than the subtotal."""
    if coupon.kind == Coupon.Kind.PERCENT:
        return percent_off(subtotal, coupon.amount)
    return min(coupon.amount, subtotal)


def hold_use(coupon: Coupon, *, owner: str, cart_id: UUID, version: int, until: datetime) -> None:
    """Hold one use for the cart, in place of the one that it holds already; the caller has the
    coupon's row locked. A use that an order of the cart has stays with the order."""
    use = CouponUse(
        coupon=coupon, cart_id=cart_id, cart_version=version, owner=owner, held_until=until
    )
    CouponUse.objects.bulk_create(
        [use],
        update_conflicts=True,
        unique_fields=["coupon", "cart_id"],
        update_fields=["cart_version", "owner", "held_until"],
    )


def settle_uses(orders: Iterable[CartOrder], owners: Mapping[UUID, str]) -> None:
    """Let the carts' uses of the orders' coupons be what all orders of each cart say: used while one
    has it, else held for those that may be paid again and for a newer quote. In whatever order
    one hears of them, the result is the same. A use that is had counts for whoever has the cart now:
    they may have signed in since they ordered. An order is never refused its coupon here: what it was
    sold for stands.

    A use that is missing (the order was heard of so late that the hold is gone) is made; `owners`
    says by order whose it then is. The caller has written the orders.
    """
    having = [order for order in orders if order.coupon]
    if not having:
        return
    codes = {order.coupon for order in having}
    there = set(Coupon.objects.filter(pk__in=codes).values_list("pk", flat=True))
    claims = {  # of two orders of a cart the first says; one without a coupon here was quoted none
        _place(order): _use_of(order, owners.get(order.pk, ""))
        for order in reversed(having)
        if order.coupon in there
    }
    uses = _locked_uses(claims)
    carts = [cart_id for _, cart_id in uses]
    # Asked with the uses locked: a claim changes the carts first, then the uses that it finds.
    now = dict(Cart.objects.filter(pk__in=carts).values_list("pk", "owner"))
    ends = defaultdict(list)
    for order in CartOrder.objects.filter(cart_id__in=carts, coupon__in=codes).defer("lines"):
        ends[_place(order)].append((order.cart_version, order.coupon_held_until))
    for place, use in uses.items():
        _settle(use, ends[place], now.get(use.cart_id))
    CouponUse.objects.bulk_update(uses.values(), ["status", "held_until", "owner"])


def _settle(
    use: CouponUse, ends: Collection[tuple[int, datetime | None]], owner: str | None
) -> None:
    """By the versions and ends of all orders of the cart with the coupon."""
    holds = [until for _, until in ends if until]
    if len(holds) < len(ends):
        use.status = CouponUse.Status.USED
        use.owner = owner or use.owner
    else:
        newer = use.cart_version > max(version for version, _ in ends)
        use.status = CouponUse.Status.HELD
        use.held_until = max([*holds, use.held_until] if newer else holds)


def _place(of: CartOrder | CouponUse) -> tuple[str, UUID]:
    return (of.coupon if isinstance(of, CartOrder) else of.coupon_id), of.cart_id


def _use_of(order: CartOrder, owner: str) -> CouponUse:
    return CouponUse(
        coupon_id=order.coupon,
        cart_id=order.cart_id,
        cart_version=order.cart_version,
        owner=owner,
        held_until=timezone.now(),
    )


def _locked_uses(
    claims: Mapping[tuple[str, UUID], CouponUse],
) -> dict[tuple[str, UUID], CouponUse]:
    """The uses in these places, their rows locked; made as claimed where there are none."""
    CouponUse.objects.bulk_create(
        [claims[place] for place in sorted(claims)], ignore_conflicts=True
    )
    codes, carts = {code for code, _ in claims}, {cart_id for _, cart_id in claims}
    rows = CouponUse.objects.select_for_update().filter(coupon__in=codes, cart_id__in=carts)
    found = {_place(use): use for use in rows.order_by("coupon", "cart_id")}
    return {place: found[place] for place in claims}


def _window() -> Case:
    """Whether it is too early or too late for the coupon, by the database's time."""
    return Case(
        When(starts_at__gt=Now(), then=Value("early")),
        When(ends_at__lte=Now(), then=Value("late")),
        default=Value("now"),
    )


def _ensure_free(coupon: Coupon, *, owner: str, cart_id: UUID) -> None:
    """There is a use left besides those of other carts. Raises CouponUsedUp, CouponUsedByYou."""
    others = live_uses().filter(coupon=coupon).exclude(cart_id=cart_id)
    mine, all_in_all = coupon.customer_limit, coupon.total_limit
    if mine is None and all_in_all is None:
        return
    had = others.aggregate(by_all=Count("pk"), by_owner=Count("pk", filter=Q(owner=owner)))
    if mine is not None and had["by_owner"] >= mine:
        raise CouponUsedByYou
    if all_in_all is not None and had["by_all"] >= all_in_all:
        raise CouponUsedUp


def live_uses() -> QuerySet[CouponUse]:
    """The uses that count: of an order, or held and not let go."""
    return CouponUse.objects.filter(Q(status=CouponUse.Status.USED) | Q(held_until__gt=Now()))
