"""Waking the workers of this process after a commit. Polling is the fallback that always runs."""

import threading

_bell = threading.Condition()
_rings = 0


def ring() -> None:
    """Tell this process's workers that something was committed; cheap, never blocks for long."""
    global _rings
    with _bell:
        _rings += 1
        _bell.notify_all()


def rings() -> int:
    """How often the bell rang. Read it before looking for work, and hand it to `wait`."""
    return _rings


def wait(seen: int, seconds: float) -> int:
    """Return at once when the bell rang since `seen`, else when it rings or after `seconds`."""
    with _bell:
        if _rings == seen:
            _bell.wait(seconds)
        return _rings
