"""Telling a state afresh: for readers that are new, or have lost what they knew."""

from collections.abc import Collection

from django.db import transaction

from eventbus import conf
from eventbus.errors import BusError
from eventbus.registry import republishers


class NoRepublisher(BusError, LookupError):
    """Nothing here can publish that event afresh: it needs a function with `@republisher`."""


def republish(name: str, keys: Collection[str] | None = None) -> int:
    """Publish the present state of the keys, or of all, as the event `name`, each with the version
    that it has: readers that know it change nothing. Says how many.

    In one transaction. Raises NoRepublisher, and what the republisher raises; then nothing is
    published.
    """
    act = republishers.get(name)
    if act is None:
        raise NoRepublisher(f"Not: {name}.")
    with transaction.atomic(using=conf.get("database")):
        return act(keys)
