"""The checks between contexts, and the facts that each needs."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from uuid import UUID

from shop.invariants import articles, orders
from shop.invariants.audits import Audits
from shop.invariants.joining import by_id
from shop.invariants.orders import Facts
from shop.invariants.violation import Found, Violation, made

LEVEL = [("available", "available"), ("version", "version")]


@dataclass(frozen=True, slots=True)
class Compared:
    """Facts about the same id, and what is to be held against it."""

    invariant: str
    check: Callable[[UUID, Facts], Iterator[Found]]
    needs: tuple[str, ...]
    at_rest: bool = True
    by: str = "order_id"


@dataclass(frozen=True, slots=True)
class Read:
    """A read model of articles, and what it is read from."""

    source: str
    reader: str
    fields: tuple[tuple[str, str], ...]  # the source's name of each, and the reader's

    @property
    def needs(self) -> tuple[str, str]:
        return self.source, self.reader


COMPARED = (
    Compared("I3", orders.sold_without_stock, ("orders", "holds"), at_rest=False),
    Compared("I3", orders.stock_not_as_sold, ("orders", "order_lines", "holds", "sold_lines")),
    Compared("I4", orders.money_not_as_decided, ("orders", "payments", "refunds")),
    Compared("I7", orders.mails_not_as_told, ("orders", "order_steps", "refunds", "mails")),
    Compared("I13", orders.amount_not_the_total, ("orders", "payments"), at_rest=False),
    Compared("I14", orders.coupon_not_as_sold, ("coupon_orders", "coupon_uses"), by="cart_id"),
    Compared("I16", orders.cart_not_as_ordered, ("orders", "cart_orders")),
    Compared("I16", orders.buyer_not_as_sold, ("orders", "bought_orders")),
    Compared("I16", orders.mail_says_otherwise, ("orders", "mailed_orders")),
)
PRICE = (("now", "price"), ("version", "version"))
READ = (
    Read("levels", "availabilities", tuple(LEVEL)),
    Read("levels", "cart_stock", tuple(LEVEL)),
    Read("articles", "cart_articles", PRICE),
    Read("articles", "known_prices", PRICE),
    Read("articles", "levels", (("version", "article_version"),)),
    Read("cart_articles", "known_prices", (("active", "active"),)),
    Read("cart_articles", "levels", (("active", "active"), ("title", "title"))),
)


def compared(audits: Audits, *, at_rest: bool) -> Iterator[Violation]:
    """What the contexts of this deployment contradict each other in."""
    wanted = [each for each in COMPARED if audits.has(each.needs) and (at_rest or not each.at_rest)]
    for field in ("order_id", "cart_id"):
        yield from _by_id(audits, field, [each for each in wanted if each.by == field])
    if at_rest:
        yield from made("I16", _read_models(audits), at_rest=True)


def _by_id(audits: Audits, field: str, checks: list[Compared]) -> Iterator[Violation]:
    names = {name for each in checks for name in each.needs}
    for key, facts in by_id(field, **{name: audits.facts(name) for name in sorted(names)}):
        for each in checks:
            yield from made(each.invariant, each.check(key, facts), at_rest=each.at_rest)


def _read_models(audits: Audits) -> Iterator[Found]:
    reads = [each for each in READ if audits.has(each.needs)]
    known = {name: articles.known(audits.facts(name)) for each in reads for name in each.needs}
    for each in reads:
        table = articles.TABLES[each.reader]
        yield from articles.differing(known[each.source], known[each.reader], table, each.fields)


def left_out(audits: Audits) -> Iterable[str]:
    """The checks that need the facts of a context that is not here, as "I3 (orders, holds)"."""
    named = [(each.invariant, each.needs) for each in COMPARED] + [
        ("I16", each.needs) for each in READ
    ]
    return sorted(f"{name} ({', '.join(needs)})" for name, needs in named if not audits.has(needs))
