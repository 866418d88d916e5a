from django.apps import AppConfig


class PaymentsConfig(AppConfig):
    name = "apps.payments"
    label = "payments"
    slots = {"checkout.payment": "apps.payments.slots.checkout_payment"}

    def ready(self) -> None:
        from apps.payments import checks  # noqa: F401  (registers the system checks)
