"""How often a client may try coupon codes, so that nobody finds one by trying them all.

Only a code that does not exist costs a try. Tries are counted in the cache, atomically, so that
many at once are no way around; where that is gone, in the memory of the process.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from time import time

from django.conf import settings
from django.core.cache import cache
from django.core.cache.backends.locmem import LocMemCache
from django.http import HttpRequest
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle, SimpleRateThrottle

from apps.cart.operations import CouponUnknown

here = LocMemCache("coupon-tries", {})


class TooManyTries(Exception):
    """Too many coupon codes were tried. Please wait a few minutes."""

    def __init__(self, wait: int) -> None:
        super().__init__(self.__doc__)
        self.wait = wait  # seconds


@contextmanager
def trying_a_code(request: HttpRequest | Request) -> Iterator[None]:
    """Around the use of a code that the client sent. Raises TooManyTries, before anything is looked
    up, when they have tried more wrong ones than COUPON_RATE allows."""
    rate = settings.THROTTLES["coupon"]
    if not rate:
        yield
        return
    number, seconds = _parsed(rate)
    now = int(time())
    client = BaseThrottle().get_ident(request)  # type: ignore[arg-type]
    key = f"cart:coupon-tries:{client}:{now // seconds}"
    if _add(key, 1, seconds) > number:
        raise TooManyTries(seconds - now % seconds)
    try:
        yield
    except CouponUnknown:
        raise
    except BaseException:
        _add(key, -1, seconds)
        raise
    _add(key, -1, seconds)


def _parsed(rate: str) -> tuple[int, int]:
    """(tries, in so many seconds), of a text like "20/min"."""
    number, seconds = SimpleRateThrottle.parse_rate(None, rate)  # type: ignore[arg-type]
    return number or 0, seconds or 1


def _add(key: str, tries: int, seconds: int) -> int:
    """The number of tries after adding some."""
    for counter in (cache, here):
        counter.add(key, 0, seconds)
        try:
            count = counter.incr(key, tries)
        except ValueError:  # it was dropped in between
            continue
        if count is not None:  # as Redis says that is gone
            return int(count)
    return 0
