"""Declaring what is said: `@event`, `@document`, their parts (`@payload`) and `Personal` fields."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar, dataclass_transform

from eventbus.errors import BadDeclaration, NotAnEvent

T = TypeVar("T")
PERSONAL = "personal"
Personal = Annotated[T, PERSONAL]  # personal data: never logged, blanked when its subject is erased

NAME = re.compile(r"^[a-z][a-z_]*\.[a-z][a-z_]*$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """What a class promises under a name."""

    name: str  # "context.fact"
    version: int  # 1 or more; a change of meaning is a new version
    kind: str  # "event" or "document"
    cls: type
    subject: str | None  # the field that says whose personal data it carries
    private: bool  # of its context alone: no contract file
    state: bool  # tells a key's current state, so it can be published afresh

    @property
    def source(self) -> str:
        """The context that says it."""
        return self.name.partition(".")[0]


contracts: dict[tuple[str, int], Contract] = {}


@dataclass_transform(frozen_default=True, kw_only_default=True)
def payload[C](cls: type[C]) -> type[C]:
    """Make `cls` a frozen, keyword-only dataclass: a part of an event, or a subscriber's view."""
    return dataclass(frozen=True, slots=True, kw_only=True)(cls)


@dataclass_transform(frozen_default=True, kw_only_default=True)
def event(
    name: str,
    *,
    version: int,
    subject: str | None = None,
    private: bool = False,
    state: bool = False,
) -> Callable[[type[T]], type[T]]:
    """Declare the class of the event `name`; raises BadDeclaration when the name is malformed
    or the pair (name, version) is taken."""
    return _declare(
        name=name, version=version, kind="event", subject=subject, private=private, state=state
    )


@dataclass_transform(frozen_default=True, kw_only_default=True)
def document(name: str, *, version: int) -> Callable[[type[T]], type[T]]:
    """Declare a document that travels outside the bus but under the same kind of contract."""
    return _declare(
        name=name, version=version, kind="document", subject=None, private=False, state=False
    )


def _declare(*, name: str, version: int, **facts: Any) -> Callable[[type[T]], type[T]]:
    if not NAME.match(name):
        raise BadDeclaration(f"{name!r} is not of the form context.fact.")

    def declare(cls: type[T]) -> type[T]:
        taken = contracts.get((name, version))
        if taken and (taken.cls.__module__, taken.cls.__qualname__) != (
            cls.__module__,
            cls.__qualname__,
        ):
            raise BadDeclaration(f"{name} v{version} is declared twice.")
        made = payload(cls)
        contracts[name, version] = Contract(name=name, version=version, cls=made, **facts)
        _by_class[made] = contracts[name, version]
        return made

    return declare


_by_class: dict[type, Contract] = {}


def contract_of(instance: object) -> Contract:
    """The contract that the object's class was declared under; raises NotAnEvent."""
    try:
        return _by_class[type(instance)]
    except KeyError:
        raise NotAnEvent(f"{type(instance).__qualname__} is not.") from None
