"""Who reacts to what: subscribers and their handlers."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar, get_type_hints

from django.apps import apps

from eventbus.errors import BadDeclaration

Function = TypeVar("Function", bound=Callable[..., Any])
OnCrash = Literal["retry", "hold"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Handler:
    """One function that reacts to one event for one subscriber."""

    subscriber: str
    name: str  # of the event
    function: Callable[..., Any]
    view: type  # what it reads of the payload
    wants_envelope: bool  # takes the Envelope as its second argument
    external: bool  # calls the world outside: see `subscribe`
    on_crash: OnCrash


@dataclass(slots=True)
class Subscriber:
    """One name with one set of cursors and many event types."""

    name: str
    handlers: dict[str, Handler] = field(default_factory=dict)  # by event name


subscribers: dict[str, Subscriber] = {}


def subscribe(
    *names: str,
    subscriber: str | None = None,
    external: bool = False,
    on_crash: OnCrash = "retry",
) -> Callable[[Function], Function]:
    """Call the function once in effect for every event with one of `names`.

    Its first argument's annotation is the view: a `@payload` class with the fields it reads.
    `subscriber` defaults to the label of the app that the function lives in; events of one
    source and key reach one subscriber in publish order, so a separate name is only for what
    needs no order with the rest.

    A plain handler runs inside the bus's transaction: its writes, the events it publishes and
    the subscriber's position commit together. An `external` one runs outside any transaction,
    at least once, and returns a function that records the result; that one runs in the
    transaction that ends the call. After a crash in the middle it is called again
    (`on_crash="retry"`) or becomes a dead letter for a person to decide (`"hold"`).

    Raises BadDeclaration when the annotation is missing or the subscriber has a handler already.
    """
    if not names:
        raise BadDeclaration("@subscribe needs at least one event name.")

    def register(function: Function) -> Function:
        owner = subscriber or _app_label(function)
        mine = subscribers.setdefault(owner, Subscriber(owner))
        view, wants_envelope = _signature(function)
        for name in names:
            taken = mine.handlers.get(name)
            if taken and _place(taken.function) != _place(function):
                raise BadDeclaration(f"{owner} handles {name} twice.")
            mine.handlers[name] = Handler(
                subscriber=owner,
                name=name,
                function=function,
                view=view,
                wants_envelope=wants_envelope,
                external=external,
                on_crash=on_crash,
            )
        return function

    return register


def _place(function: Callable[..., Any]) -> tuple[str, str]:
    return function.__module__, function.__qualname__


def _app_label(function: Callable[..., Any]) -> str:
    config = apps.get_containing_app_config(function.__module__)
    if config is None:
        raise BadDeclaration(f"{function.__module__} is in no installed app: name the subscriber.")
    return config.label


def _signature(function: Callable[..., Any]) -> tuple[type, bool]:
    parameters = list(inspect.signature(function).parameters.values())
    hints = get_type_hints(function)
    if not 1 <= len(parameters) <= 2 or parameters[0].name not in hints:
        raise BadDeclaration(
            f"{function.__qualname__} needs one annotated argument, its view"
            " (and may take the Envelope as a second)."
        )
    return hints[parameters[0].name], len(parameters) == 2
