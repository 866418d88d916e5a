"""Who looks at the pages."""

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from apps.orders.apps import OrdersConfig
from apps.orders.operations import sweeping
from apps.orders.tests.factories import CART_TOKEN


@pytest.fixture(autouse=True)
def _no_sweep_is_planned_yet(monkeypatch):
    """As in a process that has just begun."""
    monkeypatch.setattr(sweeping, "_planned", set())


@pytest.fixture
def fill_slots(monkeypatch):
    """`fill_slots({name: path})`: orders stands in for the apps that fill these slots."""

    def fill(slots):
        monkeypatch.setattr(OrdersConfig, "slots", OrdersConfig.slots | slots)

    return fill


@pytest.fixture
def guest():
    client = Client()
    client.cookies["cart_token"] = CART_TOKEN
    return client


@pytest.fixture
def user():
    model = get_user_model()
    return model.objects.create(**{model.USERNAME_FIELD: "ann@example.com"})
