"""The payment gateway: the port that payments talks to (port.py), and the mock behind it."""

from apps.payments.gateway.mock import MockGateway
from apps.payments.gateway.numbers import TEST_CARDS, TestCard, shown_test_cards
from apps.payments.gateway.port import (
    ActionRequired,
    Cancelled,
    Captured,
    Card,
    CardRefused,
    Declined,
    Done,
    Gateway,
    GatewayMisused,
    GatewayUnavailable,
    Outcome,
    Pending,
    Refused,
    Returned,
    StoredCard,
)

gateway: Gateway = MockGateway()

__all__ = [
    "TEST_CARDS",
    "ActionRequired",
    "Cancelled",
    "Captured",
    "Card",
    "CardRefused",
    "Declined",
    "Done",
    "Gateway",
    "GatewayMisused",
    "GatewayUnavailable",
    "MockGateway",
    "Outcome",
    "Pending",
    "Refused",
    "Returned",
    "StoredCard",
    "TestCard",
    "gateway",
    "shown_test_cards",
]
