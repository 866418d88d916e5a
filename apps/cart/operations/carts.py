"""Many carts at once, for what orders tell: locked in the order of their ids, changed in memory one
after the other, written as sets. What nothing changes in is neither read on nor written."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from django.db.models import F, Q
from django.utils import timezone

from apps.cart import counting
from apps.cart.baskets import Basket, Item, capped
from apps.cart.models import MOST, Cart, CartLine
from apps.cart.operations.expiring import watch
from eventbus import Envelope

Status = Cart.Status


@dataclass(slots=True)
class Kept:
    """A cart as it will be when the transaction ends."""

    row: Cart
    basket: Basket
    before: Basket
    touches: int = 0  # how often it was changed: as much its version rises
    begun: bool = False  # it has no row yet
    cause: Envelope | None = None  # of a begun one


class Carts:
    """The carts of some orders and the open carts of their owners, all locked.

    `fill` and `begin` decide, `write` writes. All are locked in the order of their ids: so does who
    claims an owner's carts. Only what was begun at that very moment is locked after them.
    """

    def __init__(self, ids: Iterable[UUID]) -> None:
        self._carts: dict[UUID, Kept] = {}
        self._open: dict[str, Kept] = {}  # by owner
        wanted = set(ids)
        owners = set(Cart.objects.filter(pk__in=wanted).values_list("owner", flat=True))
        if owners:
            self._lock(Q(pk__in=wanted) | Q(owner__in=owners, status=Status.OPEN))

    @property
    def ids(self) -> list[UUID]:
        """Of those that are known here."""
        return list(self._carts)

    def get(self, cart_id: UUID) -> Kept | None:
        """The cart; None when it is unknown here."""
        return self._carts.get(cart_id)

    def read(self) -> None:
        """Lock also what the owners have begun since, and read what is in all of them."""
        owners = {kept.row.owner for kept in self._carts.values()} - self._open.keys()
        if owners:  # of the others no second one can be open
            self._lock(Q(owner__in=owners, status=Status.OPEN))
        baskets: dict[UUID, dict[str, Item]] = defaultdict(dict)
        lines = CartLine.objects.filter(cart__in=self.ids).order_by("id")
        for cart_id, sku, quantity, price in lines.values_list(
            "cart_id", "sku", "quantity", "seen_price"
        ):
            baskets[cart_id][sku] = Item(quantity=quantity, seen_price=price)
        for cart_id, kept in self._carts.items():
            kept.basket = kept.before = baskets[cart_id]

    def spare(self, cart: Kept) -> Kept | None:
        """The cart that the owner has begun since."""
        spare = self._open.get(cart.row.owner)
        return None if spare is cart else spare

    def begin(self, owner: str, cause: Envelope | None = None) -> Kept:
        """An open cart for the owner, who has none; it is watched until it expires."""
        row = Cart(owner=owner, status=Status.OPEN)
        kept = Kept(row=row, basket={}, before={}, begun=True, cause=cause)
        self._carts[row.pk] = self._open[owner] = kept
        return kept

    def fill(self, kept: Kept, basket: Basket, *, status: str, coupon: str) -> None:
        """Make the cart hold exactly the basket (at most 99 of an article), with that status and
        coupon. Unless it held that in that status already, its version rises. A closed cart keeps
        no coupon."""
        wanted, cart = capped(basket, {}, MOST), kept.row
        if cart.status == status and kept.basket == wanted:
            return
        kept.basket, kept.touches = wanted, kept.touches + 1
        cart.status, cart.coupon = status, "" if status == Status.CLOSED else coupon
        if status == Status.OPEN:
            self._open[cart.owner] = kept
        elif self._open.get(cart.owner) is kept:
            del self._open[cart.owner]

    def write(self) -> None:
        """Write what has changed. Raises IntegrityError when an owner has begun a cart at the very
        same time as this would begin one for them: nothing is lost, it is to be done again."""
        changed = [kept for kept in self._carts.values() if kept.touches]
        _update([kept for kept in changed if not kept.begun])
        _insert([kept for kept in changed if kept.begun])
        _write_lines(changed)
        for kept in changed:
            counting.forget(kept.row.owner)

    def _lock(self, which: Q) -> None:
        for cart in Cart.objects.select_for_update().filter(which).order_by("pk"):
            kept = self._carts[cart.pk] = Kept(row=cart, basket={}, before={})
            if cart.status == Status.OPEN:
                self._open[cart.owner] = kept


def _update(changed: Iterable[Kept]) -> None:
    """A statement for all that change alike; an owner's carts close before another one opens."""
    alike: dict[tuple[bool, str, str, int], list[UUID]] = defaultdict(list)
    for kept in changed:
        cart = kept.row
        alike[cart.status == Status.OPEN, cart.status, cart.coupon, kept.touches].append(cart.pk)
    for (_, status, coupon, touches), ids in sorted(alike.items()):
        Cart.objects.filter(pk__in=ids).update(
            version=F("version") + touches,
            status=status,
            coupon=coupon,
            changed_at=timezone.now(),
        )


def _insert(begun: Iterable[Kept]) -> None:
    made = list(begun)
    for kept in made:
        kept.row.version = kept.touches
    Cart.objects.bulk_create([kept.row for kept in made])
    for kept in made:
        watch(kept.row, cause=kept.cause)


def _write_lines(changed: Iterable[Kept]) -> None:
    emptied, gone, put = [], [], []
    for kept in changed:
        if not kept.basket:
            emptied.append(kept.row.pk)
            continue
        gone += [(kept.row.pk, sku) for sku in kept.before if sku not in kept.basket]
        put += [
            CartLine(cart=kept.row, sku=sku, quantity=item.quantity, seen_price=item.seen_price)
            for sku, item in kept.basket.items()
            if kept.before.get(sku) != item
        ]
    if emptied:
        CartLine.objects.filter(cart__in=emptied).delete()
    _delete_lines(gone)
    CartLine.objects.bulk_create(
        put,
        update_conflicts=True,
        unique_fields=["cart", "sku"],
        update_fields=["quantity", "seen_price"],
    )


def _delete_lines(gone: Iterable[tuple[UUID, str]]) -> None:
    skus: dict[UUID, set[str]] = defaultdict(set)
    for cart_id, sku in gone:
        skus[cart_id].add(sku)
    if skus:
        of_them = CartLine.objects.filter(cart__in=list(skus), sku__in=set().union(*skus.values()))
        rows = of_them.values_list("pk", "cart_id", "sku")
        ids = [pk for pk, cart_id, sku in rows if sku in skus[cart_id]]
        CartLine.objects.filter(pk__in=ids).delete()
