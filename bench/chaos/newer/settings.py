"""The shop's settings, and the later versions of its code, as many as CODE_LEVEL says."""

from shop.settings import *  # noqa: F403
from shop.settings import INSTALLED_APPS as OF_TODAY

INSTALLED_APPS = [*OF_TODAY, "bench.chaos.newer"]  # the last: it changes what the others declare
