"""System checks: a bus that is set up wrongly refuses to start."""

from collections.abc import Iterator, Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register

from eventbus import conf
from eventbus.contract import contracts
from eventbus.contract_files import label_of, upcaster_problems, view_file_problems
from eventbus.registry import republishers, subscribers


@register("eventbus")
def check_settings(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:
    """The settings are known and possible, and name a database, a mode and a folder that exist."""
    problems = [*_strange_settings()]
    alias, mode = conf.get("database"), conf.get("mode")
    if alias not in settings.DATABASES:
        problems.append(
            Error(f"EVENTBUS['database'] is {alias!r}, not a database", id="eventbus.E001")
        )
    else:
        problems += _database_problems(alias)
    if mode not in ("thread", "worker", "manual"):
        problems.append(
            Error(f"EVENTBUS['mode'] is {mode!r}: thread, worker or manual", id="eventbus.E003")
        )
    if conf.get("contracts") is None or not conf.contracts_folder().is_dir():
        problems.append(Error("EVENTBUS['contracts'] does not name a folder", id="eventbus.E004"))
    return problems


def _strange_settings() -> Iterator[CheckMessage]:
    """Settings that would count for nothing, as their names are mistyped, or could not work."""
    for name, value in getattr(settings, "EVENTBUS", {}).items():
        if name not in conf.DEFAULTS:
            names = ", ".join(conf.DEFAULTS)
            yield Error(f"EVENTBUS has no setting {name!r}: {names}", id="eventbus.E010")
        elif isinstance(conf.DEFAULTS[name], int | float):
            least = "0 or more" if name == "retention_days" else "more than 0"
            number = isinstance(value, int | float) and not isinstance(value, bool)
            if not number or not (value > 0 or (value == 0 and least == "0 or more")):
                words = f"EVENTBUS[{name!r}] is {value!r}, not a number that is {least}"
                yield Error(words, id="eventbus.E011")


def _database_problems(alias: str) -> list[CheckMessage]:
    configured = settings.DATABASES[alias]
    kind = configured["ENGINE"].rpartition(".")[2]
    problems: list[CheckMessage] = []
    if configured.get("ATOMIC_REQUESTS"):
        problems.append(
            Error("ATOMIC_REQUESTS would hold a transaction through every page", id="eventbus.E002")
        )
    if not any(known in kind for known in ("sqlite", "postg")):  # postgis and wrappers too
        problems.append(
            Error(f"The bus runs on SQLite and PostgreSQL, not on {kind}", id="eventbus.E009")
        )
    mode = configured.get("OPTIONS", {}).get("transaction_mode")
    if "sqlite" in kind and mode not in ("IMMEDIATE", "EXCLUSIVE"):
        problems.append(
            Warning(
                "A transaction that reads first cannot write while another does: set OPTIONS"
                ' {"transaction_mode": "IMMEDIATE"}',
                id="eventbus.W001",
            )
        )
    return problems


@register("eventbus")
def check_names(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:
    """A subscriber, and with it a position in the log, is of one app."""
    problems: list[CheckMessage] = []
    for subscriber in subscribers.values():
        found = (label_of(handler) for handler in subscriber.handlers.values())
        labels = sorted({label for label in found if label})
        if len(labels) > 1:
            words = (
                f"The subscriber {subscriber.name} has handlers in two apps: {', '.join(labels)}"
            )
            problems.append(Error(words, id="eventbus.E008"))
    return problems


@register("eventbus")
def check_subscriptions(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:
    """Every handler reads only what a contract promises."""
    if conf.get("contracts") is None:
        return []
    return [
        Error(problem, id="eventbus.E005")
        for subscriber in subscribers.values()
        for handler in subscriber.handlers.values()
        for problem in view_file_problems(handler.view, handler.name, subscriber=subscriber.name)
    ]


@register("eventbus")
def check_state_events(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:
    """What tells a state can be told afresh, to readers that are new or have lost it."""
    return [
        Error(f"{contract.name} tells a state but has no @republisher", id="eventbus.E006")
        for contract in contracts.values()
        if contract.state and not contract.private and contract.name not in republishers
    ]


@register("eventbus")
def check_upcasters(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:
    """Every upcaster leads, version by version, to one that a contract promises."""
    if conf.get("contracts") is None:
        return []
    return [
        Error(problem, id="eventbus.E007")
        for subscriber in subscribers.values()
        for problem in upcaster_problems(subscriber)
    ]
