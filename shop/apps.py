from django.apps import AppConfig


class ShopConfig(AppConfig):
    name = "shop"
    slots = {"checkout.terms": "shop.legal.links"}
    gauges = "shop.invariants.metrics.gauges"

    def ready(self) -> None:
        from django.conf import settings
        from rest_framework.throttling import SimpleRateThrottle

        from shop import checks  # noqa: F401  (registers the system checks)

        if settings.REDIS_URL:
            from shop.cache import Counters  # with its client, a sixth of the start

            SimpleRateThrottle.cache = Counters()  # type: ignore[assignment]
