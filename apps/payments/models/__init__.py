"""The tables of payments, and those of the mock gateway."""

from apps.payments.models.gateway import (
    GatewayCard,
    GatewayCharge,
    GatewayRefund,
    GatewayWebhook,
)
from apps.payments.models.payment import Payment, PaymentMethod, Refund
from apps.payments.models.webhook import ReceivedWebhook

__all__ = [
    "GatewayCard",
    "GatewayCharge",
    "GatewayRefund",
    "GatewayWebhook",
    "Payment",
    "PaymentMethod",
    "ReceivedWebhook",
    "Refund",
]
