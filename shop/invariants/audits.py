"""What the apps of this deployment declare: `audit = "apps.orders.audit"` on their AppConfigs.

Such a module has `FACTS` (functions that give rows as plain data, in the order of their first
field), and `ALWAYS` and `AT_REST`: by invariant, the checks of the app's own tables. Where it has
`AFTER_A_DEATH`, that stands in for `AT_REST` when a process died on the way.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib import import_module
from typing import Any

from django.apps import apps

from shop.invariants.violation import Found

type Check = Callable[[], Iterable[Found]]
type Checks = Mapping[str, Iterable[Check]]


class Audits:
    """All of them, here and now."""

    def __init__(self) -> None:
        self.modules = {label: import_module(path) for label, path in declared()}
        self._facts: dict[str, Callable[[], Iterator[Mapping[str, Any]]]] = {}
        for module in self.modules.values():
            self._facts |= module.FACTS

    def has(self, names: Iterable[str]) -> bool:
        """Whether this deployment has all these facts."""
        return all(name in self._facts for name in names)

    def facts(self, name: str) -> Iterator[Mapping[str, Any]]:
        """The rows of that name."""
        return self._facts[name]()

    def checks(self, *, at_rest: bool, killed: bool) -> Iterator[tuple[str, Check, bool]]:
        """Invariant, check of an app's own tables, and whether it holds at rest only."""
        for module in self.modules.values():
            rest = getattr(module, "AFTER_A_DEATH", module.AT_REST) if killed else module.AT_REST
            for only_at_rest, checks in ((False, module.ALWAYS), (True, rest if at_rest else {})):
                for invariant, several in checks.items():
                    for each in several:
                        yield invariant, each, only_at_rest


def declared() -> Iterator[tuple[str, str]]:
    """The label of each app with an audit, and the dotted path of its module."""
    for config in apps.get_app_configs():
        if path := getattr(config, "audit", None):
            yield config.label, path
