from django.apps import AppConfig


class OrdersConfig(AppConfig):
    name = "apps.orders"
    label = "orders"
    audit = "apps.orders.audit"
    nav = [{"label": "My orders", "url": "orders:list", "order": 40}]
    slots = {
        "cart.checkout": "apps.orders.slots.checkout",
        "account.links": "apps.orders.slots.account_link",
    }
    gauges = "apps.orders.metrics.gauges"

    def ready(self) -> None:
        from apps.orders import checks  # noqa: F401  (registers the system check)
