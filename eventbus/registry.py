"""Who reacts to what: subscribers and their handlers."""

import inspect
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

from django.apps import apps

from eventbus.errors import BadDeclaration

Function = TypeVar("Function", bound=Callable[..., Any])
OnCrash = Literal["retry", "hold"]
Start = Literal["beginning", "now"]
Upcaster = Callable[[Mapping[str, Any]], Mapping[str, Any]]
Republisher = Callable[[Collection[str] | None], int]


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
    batch: bool  # takes a run of events at once
    record: Callable[[Sequence[Any]], object] | None  # what its calls brought, at once
    replay: bool  # may see old events again, without effects outside its own tables
    forget: Callable[[], object] | None  # empties what it has built, before a rebuild
    skip_erased: bool  # is not called for events whose subject was erased
    start: Start  # where a new subscriber's cursor begins


@dataclass(slots=True)
class Subscriber:
    """One name with one set of cursors and many event types."""

    name: str
    handlers: dict[str, Handler] = field(default_factory=dict)  # by event name

    @property
    def can_replay(self) -> bool:
        """Whether all its handlers may see old events again."""
        return bool(self.handlers) and all(each.replay for each in self.handlers.values())


subscribers: dict[str, Subscriber] = {}
upcasters: dict[tuple[str, str, int], Upcaster] = {}  # by subscriber, event name, version
republishers: dict[str, Republisher] = {}  # by event name


def subscribe(
    *names: str,
    subscriber: str | None = None,
    external: bool = False,
    on_crash: OnCrash = "retry",
    batch: bool = False,
    record: Callable[[Sequence[Any]], object] | None = None,
    replay: bool | Callable[[], object] = False,
    skip_erased: bool = False,
    start: Start = "beginning",
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

    A `batch` handler takes a run of events at once: `Sequence[View]`, and `Sequence[Envelope]` if
    it wants them; in log order, no (source, key) twice in one run. When it fails, its events are
    tried one at a time. An external one returns as many results as it got views, each a function
    that records, None, or the exception with which that one call failed. With `record` they are
    values instead, and `record` gets those of all its calls in the transaction that ends them;
    when that fails, of one call at a time.

    `replay=True`, or a function that empties what the handler has built, lets the subscriber be
    rebuilt (`eventbus replay`); all its handlers must allow it. `skip_erased` handlers are not
    called for events whose subject was erased. A subscriber that is new `start`s at the
    beginning of the log or at its end (`"now"`), which one of its handlers may say.

    Raises BadDeclaration when the annotation is missing, the subscriber has a handler already, or
    there is something to `record` of what is no batch of calls.
    """
    if not names:
        raise BadDeclaration("@subscribe needs at least one event name.")
    if record and not (external and batch):
        raise BadDeclaration("`record` is for a batch of external calls.")

    def register(function: Function) -> Function:
        owner = subscriber or _app_label(function)
        mine = subscribers.setdefault(owner, Subscriber(owner))
        view, wants_envelope = _signature(function, batch)
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
                batch=batch,
                record=record,
                replay=bool(replay),
                forget=replay if callable(replay) else None,
                skip_erased=skip_erased,
                start=start,
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


def _signature(function: Callable[..., Any], batch: bool) -> tuple[type, bool]:
    parameters = list(inspect.signature(function).parameters.values())
    hints = get_type_hints(function)
    if not 1 <= len(parameters) <= 2 or parameters[0].name not in hints:
        raise BadDeclaration(
            f"{function.__qualname__} needs one annotated argument, its view"
            " (and may take the Envelope as a second)."
        )
    view = hints[parameters[0].name]
    if batch:
        view = _item(function, view)
    return view, len(parameters) == 2


def _item(function: Callable[..., Any], hint: Any) -> type:
    if get_origin(hint) is not Sequence:
        raise BadDeclaration(f"{function.__qualname__} takes a batch: annotate Sequence[its view].")
    item: type = get_args(hint)[0]
    return item


def upcast(
    name: str, *, version: int, subscriber: str | None = None
) -> Callable[[Function], Function]:
    """Let the function turn the payload of `name` in `version` into that of the next version,
    for the handlers of this app (or of `subscriber`), whenever such an event is read: from the
    log, parked, scheduled or replayed. It gets and returns JSON data and must not change what it
    gets.

    Raises BadDeclaration when the subscriber has one for that version already.
    """

    def register(function: Function) -> Function:
        identity = subscriber or _app_label(function), name, version
        taken = upcasters.get(identity)
        if taken and _place(taken) != _place(function):
            raise BadDeclaration(f"{identity[0]} upcasts {name} v{version} twice.")
        upcasters[identity] = function
        return function

    return register


def republisher(name: str) -> Callable[[Function], Function]:
    """Let the function publish the state event `name` afresh: the present state of the keys it is
    given, or of all when given None, each with its version; it says how many.

    Raises BadDeclaration when the event has one already.
    """

    def register(function: Function) -> Function:
        taken = republishers.get(name)
        if taken and _place(taken) != _place(function):
            raise BadDeclaration(f"{name} is republished by two functions.")
        republishers[name] = function
        return function

    return register
