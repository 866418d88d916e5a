from django.apps import AppConfig


class ShopConfig(AppConfig):
    name = "shop"
    slots = {"checkout.terms": "shop.legal.links"}
    gauges = "shop.invariants.metrics.gauges"

    def ready(self) -> None:
        from django.conf import settings
        from rest_framework.throttling import SimpleRateThrottle

        from shop import checks  # noqa: F401  (registers the system checks)
        from shop.cache import Counters

        if settings.REDIS_URL:
            SimpleRateThrottle.cache = Counters()  # type: ignore[assignment]
