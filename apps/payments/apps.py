from django.apps import AppConfig


class PaymentsConfig(AppConfig):
    name = "apps.payments"
    label = "payments"
    audit = "apps.payments.audit"
    slots = {
        "checkout.payment": "apps.payments.slots.checkout_payment",
        "checkout.card": "apps.payments.slots.checkout_card",
        "order.staff": "apps.payments.slots.order_staff",
    }

    def ready(self) -> None:
        from apps.payments import checks  # noqa: F401  (registers the system checks)
