"""What can go wrong, one class a cause. The docstring is the message and says what to do."""

from datetime import timedelta
from typing import Any


class BusError(Exception):
    """Something about the event bus is wrong."""

    def __init__(self, detail: str = "") -> None:
        message = " ".join((self.__doc__ or "").split())
        super().__init__(f"{message} {detail}".strip())


class NotInTransaction(BusError):
    """`publish` was called outside a transaction of the bus's database. Wrap the change and its
    event in one `transaction.atomic()`, so that both happen or neither."""


class NotAnEvent(BusError):
    """Only an instance of a class declared with `@event` can be published."""


class BadDeclaration(BusError):
    """An event, payload, view or subscription is declared in a way that the bus cannot use."""


class Retry(BusError):
    """The handler cannot succeed now: park the event and try again later.

    `after` is the least time to wait, at most a year; without it the usual backoff counts. Raises
    TypeError when it is no timedelta.
    """

    def __init__(self, detail: str = "", *, after: timedelta | None = None) -> None:
        if not isinstance(after, timedelta | None):
            raise TypeError(f"Retry waits for a timedelta, not {after!r}")
        super().__init__(detail)
        self.after = after


class BrokenTransaction(BusError):
    """The handler left its transaction to be rolled back: it swallowed a database error without a
    savepoint, or called `set_rollback`."""


class Reject(BusError):
    """The handler can never succeed with this event: it goes to the dead letters at once."""


class NotAsManyResults(Reject):
    """A batch handler for external calls must return one result for each event:"""


class HandlerExited(BusError):
    """The handler tried to end its thread or process."""


class WorkerDied(Reject):
    """The process died or hung whenever it handled this event:"""


class NotEnded(BusError):
    """The process died, or its connection broke, while it handled this event alone."""


class AmbiguousCause(BusError):
    """A batch handler published under a key that none of its events has, or named a cause that is
    none of them: say which of them it is, `publish(…, cause=event)`."""


class NoHandler(Reject):
    """The code has no handler for this event any more: retry the dead letter when it has one."""


class Refused(BusError):
    """Refused, and nothing has changed:"""


class NotFound(Refused, LookupError):
    """Not found, and nothing has changed:"""


class Unreadable(Reject):
    """The event's payload does not fit what the handler reads."""

    def __init__(self, path: str, problem: str, value: Any = None) -> None:
        # The value itself is never part of the message: it may be personal.
        super().__init__(f"{path or 'payload'}: {problem} (got {type(value).__name__}).")
        self.path, self.problem, self.value = path, problem, value

    def under(self, path: str) -> "Unreadable":
        """The same, where what was read is itself a part of something."""
        return Unreadable(path + self.path, self.problem, self.value)
