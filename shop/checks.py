"""System checks: a storefront that is declared wrongly refuses to start."""

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.core.checks import CheckMessage, Error, register
from django.urls import NoReverseMatch, reverse
from django.utils.module_loading import import_string

from shop.monitoring import declared
from shop.storefront import fillers, nav_entries


@register("storefront")
def check_slots(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:
    """Every slot's dotted path leads to a function."""
    problems: list[CheckMessage] = []
    for label, name, path in fillers():
        if problem := _no_function(path):
            problems.append(Error(f"{label} fills {name!r} with {path}{problem}", id="shop.E001"))
    return problems


@register("monitoring")
def check_gauges(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:
    """Every app's gauges are read by a function."""
    return [
        Error(f"{label} has gauges in {path}{problem}", id="shop.E003")
        for label, path in declared()
        if (problem := _no_function(path))
    ]


def _no_function(path: str) -> str:
    """What is wrong with the dotted path of a function; empty when it leads to one."""
    try:
        return "" if callable(import_string(path)) else ", which is no function"
    except ImportError as error:
        return f": {error}"


@register("storefront")
def check_navigation(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:
    """Every entry of the navigation leads to a page."""
    problems: list[CheckMessage] = []
    for entry in nav_entries():
        try:
            reverse(entry["url"])
        except NoReverseMatch as error:
            problems.append(
                Error(f"The entry {entry['label']!r} leads nowhere: {error}", id="shop.E002")
            )
    return problems
