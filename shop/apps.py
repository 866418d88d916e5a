from django.apps import AppConfig


class ShopConfig(AppConfig):
    name = "shop"
    slots = {"checkout.terms": "shop.legal.links"}
    gauges = "shop.invariants.metrics.gauges"

    def ready(self) -> None:
        from shop import checks  # noqa: F401  (registers the system checks)
