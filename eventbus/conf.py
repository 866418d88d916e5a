"""The bus's settings, with their defaults and the reasons for them."""

from pathlib import Path
from typing import Any, Literal

from django.conf import settings

Mode = Literal["thread", "worker", "manual"]

DEFAULTS: dict[str, Any] = {
    "mode": "thread",
    "contracts": None,  # folder of the contract files
    "catalogue": None,  # file of the generated catalogue of events, if there is to be one
    "database": "default",  # alias of the database that holds the log and the business rows
    "batch": 500,  # events at most in one transaction
    "batch_seconds": 0.05,  # a batch is cut there: its row locks stall the web (50 ms)
    "poll_seconds": 0.5,  # the fallback when no wake-up comes
    "callers": 2,  # threads a worker has for external calls
    "hang_seconds": 60,  # a handler that runs longer ends its process
    "call_seconds": 300,  # the same for an external call
    "max_deaths": 3,  # of workers at one parked event, in a row; then it is a dead letter
    "max_cuts": 25,  # attempts that the database broke off; then a dead letter: in about an hour
    "max_attempts": 10,  # then a dead letter: about 17 minutes with the backoff of retry.py
    "retention_days": 14,  # events stay that long at least, for replays; 0: for ever
}


def get(name: str) -> Any:
    """The setting's value, or its default."""
    return getattr(settings, "EVENTBUS", {}).get(name, DEFAULTS[name])


def contracts_folder() -> Path:
    """Where the contract files are."""
    return Path(get("contracts"))
