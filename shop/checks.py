"""System checks: a storefront that is declared wrongly refuses to start."""

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.core.checks import CheckMessage, Error, register
from django.urls import NoReverseMatch, reverse
from django.utils.module_loading import import_string

from shop.storefront import fillers, nav_entries


@register("storefront")
def check_slots(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:
    """Every slot's dotted path leads to a function."""
    problems: list[CheckMessage] = []
    for label, name, path in fillers():
        try:
            callable_ = callable(import_string(path))
        except ImportError as error:
            problems.append(Error(f"{label} fills {name!r} with {path}: {error}", id="shop.E001"))
        else:
            if not callable_:
                message = f"{label} fills {name!r} with {path}, which is no function"
                problems.append(Error(message, id="shop.E001"))
    return problems


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
