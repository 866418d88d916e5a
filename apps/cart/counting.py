"""How many units are in a shopper's cart, kept in Redis in front of the tables.

Only this is: the header of every page asks for it, and nothing but the shopper's own changes alters
it. What is in the cart is read from the tables each time: its page makes a quote of it, which must
never trust a cache, and every news of a price or of stock would have to find the carts it is in.

Beside each count lies a stamp, which a change of the cart takes away once it is committed. A count
is believed only under the stamp that was there before the tables were asked, so one that was read
before a change is never believed after it. Without Redis (or while it is gone) the tables answer: the
memory of this process could not be told of a change that another one makes. Should Redis miss a
change, being out of reach just then, the number in the header is wrong for five minutes at most.
"""

import secrets
from collections.abc import Callable, Iterable, Mapping
from threading import local
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.db import transaction

SECONDS = 300  # that a count or a stamp is kept
changed = local()  # .owners: whose carts this thread's transaction has changed


def units(owners: Iterable[str], ask: Callable[[str], int]) -> int:
    """Units in the carts of all these owners; `ask` reads them from the tables."""
    owners = list(owners)
    if not settings.REDIS_URL or transaction.get_connection().in_atomic_block:
        return sum(map(ask, owners))  # what this transaction has changed, nobody else knows yet
    kept = cache.get_many([key for owner in owners for key in (_stamp(owner), _count(owner))])
    return sum(_units(owner, kept, ask) for owner in owners)


def forget(owner: str) -> None:
    """What is kept of the owner's cart is believed no more once this transaction is committed."""
    if settings.REDIS_URL:
        changed.owners = {owner, *getattr(changed, "owners", ())}
        transaction.on_commit(_take_stamps, robust=True)


def _take_stamps() -> None:
    """Of all carts that were changed, at once: a batch of events may change many."""
    owners, changed.owners = changed.owners, set()
    if owners:
        cache.delete_many([_stamp(owner) for owner in owners])


def _units(owner: str, kept: Mapping[str, Any], ask: Callable[[str], int]) -> int:
    stamp = kept.get(_stamp(owner))
    count, under = kept.get(_count(owner), (0, None))
    if stamp and stamp == under:
        return int(count)
    if stamp is None:
        fresh = secrets.token_hex(8)
        stamp = fresh if cache.add(_stamp(owner), fresh, SECONDS) else None
    count = ask(owner)
    if stamp:
        cache.set(_count(owner), (count, stamp), SECONDS)
    return count


def _stamp(owner: str) -> str:
    return f"cart:stamp:{owner}"


def _count(owner: str) -> str:
    return f"cart:count:{owner}"
