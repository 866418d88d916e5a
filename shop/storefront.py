"""One storefront from many apps: navigation and slots, declared by the apps as plain data.

An AppConfig may carry `nav = [{"label": ..., "url": "orders:list", "order": 40}]` and
`slots = {"product.buy": "apps.cart.slots.buy"}`; a slot is `(request, **arguments) -> str`
(safe HTML). docs/slots.md lists the slots; shop/checks.py finds a typo at start.
"""

from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import conditional_escape
from django.utils.module_loading import import_string
from django.utils.safestring import SafeString, mark_safe


def nav_entries() -> list[dict[str, Any]]:
    """The entries as all apps declare them, in their order."""
    entries = [entry for config in apps.get_app_configs() for entry in getattr(config, "nav", [])]
    return sorted(entries, key=lambda entry: entry["order"])


def navigation() -> list[dict[str, str]]:
    """The entries of all apps in their order, each with its `label` and `href`."""
    return [{"label": entry["label"], "href": reverse(entry["url"])} for entry in nav_entries()]


def sitemaps() -> list[str]:
    """The paths of the apps' maps for search engines (`sitemap = "products:sitemap"`)."""
    names = [getattr(config, "sitemap", None) for config in apps.get_app_configs()]
    return [reverse(name) for name in names if name]


def fillers() -> Iterator[tuple[str, str, str]]:
    """Every filled slot: the app's label, the slot's name, the dotted path of what fills it."""
    for config in apps.get_app_configs():
        for name, path in getattr(config, "slots", {}).items():
            yield config.label, name, path


def fill_slot(request: HttpRequest, name: str, **arguments: Any) -> SafeString:
    """What the apps put into the slot, in the order of the apps; empty when nobody fills it."""
    paths = [path for _, slot, path in fillers() if slot == name]
    shown = (conditional_escape(import_string(path)(request, **arguments)) for path in paths)
    return mark_safe("".join(shown))  # noqa: S308  (each part is safe or was just escaped)


def context(request: HttpRequest) -> dict[str, Any]:
    """What every page needs."""
    return {"shop_name": settings.SHOP_NAME, "navigation": navigation()}
