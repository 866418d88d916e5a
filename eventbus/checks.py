"""System checks: a bus that is set up wrongly refuses to start."""

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, register

from eventbus import conf
from eventbus.contract import contracts
from eventbus.contract_files import upcaster_problems, view_file_problems
from eventbus.registry import republishers, subscribers


@register("eventbus")
def check_settings(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:
    """The settings name a database, a mode and a folder that exist."""
    problems: list[CheckMessage] = []
    alias, mode = conf.get("database"), conf.get("mode")
    if alias not in settings.DATABASES:
        problems.append(
            Error(f"EVENTBUS['database'] is {alias!r}, not a database", id="eventbus.E001")
        )
    elif settings.DATABASES[alias].get("ATOMIC_REQUESTS"):
        problems.append(
            Error("ATOMIC_REQUESTS would hold a transaction through every page", id="eventbus.E002")
        )
    if mode not in ("thread", "worker", "manual"):
        problems.append(
            Error(f"EVENTBUS['mode'] is {mode!r}: thread, worker or manual", id="eventbus.E003")
        )
    if conf.get("contracts") is None or not conf.contracts_folder().is_dir():
        problems.append(Error("EVENTBUS['contracts'] does not name a folder", id="eventbus.E004"))
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
