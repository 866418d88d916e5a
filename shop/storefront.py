"""One storefront from many apps: navigation and slots, declared by the apps as plain data.

An AppConfig may carry `nav = [{"label": ..., "url": "orders:list", "order": 40}]` and
`slots = {"product.buy": "apps.cart.slots.buy"}`; a slot is `(request, **arguments) -> str`
(safe HTML). docs/slots.md lists the slots.
"""

from typing import Any

from django.apps import apps
from django.http import HttpRequest
from django.urls import reverse
from django.utils.module_loading import import_string
from django.utils.safestring import SafeString, mark_safe


def navigation() -> list[dict[str, Any]]:
    """The entries of all apps in their order, each with its `label` and `href`."""
    entries = [entry for config in apps.get_app_configs() for entry in getattr(config, "nav", [])]
    entries.sort(key=lambda entry: entry["order"])
    return [{"label": entry["label"], "href": reverse(entry["url"])} for entry in entries]


def fill_slot(request: HttpRequest, name: str, **arguments: Any) -> SafeString:
    """What the apps put into the slot, in the order of the apps; empty when nobody fills it."""
    fillers = [
        getattr(config, "slots", {})[name]
        for config in apps.get_app_configs()
        if name in getattr(config, "slots", {})
    ]
    return mark_safe("".join(import_string(path)(request, **arguments) for path in fillers))  # noqa: S308


def context(request: HttpRequest) -> dict[str, Any]:
    """What every page needs."""
    from django.conf import settings

    return {"shop_name": settings.SHOP_NAME, "navigation": navigation()}
