import pytest
from django.contrib.auth import get_user_model

from apps.orders import operations
from apps.orders.models import Order
from apps.orders.tests.factories import PriceFactory, decline, pay, place
from eventbus.testing import drain, published

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff(client):
    model = get_user_model()
    name = {model.USERNAME_FIELD: "staff@example.com"}
    user = model.objects.create(**name, is_staff=True, is_superuser=True)
    client.force_login(user)
    return client


def act(client, action, *orders, **fields):
    data = {"action": action, "_selected_action": [str(order.pk) for order in orders]}
    return client.post("/admin/orders/order/", data | fields, follow=True).content.decode()


def test_staff_read_every_table_and_change_none(staff):
    order = place()
    decline(order)
    drain()
    PriceFactory()
    for model in ("order", "orderline", "statuschange", "timelineentry", "price", "idempotencykey"):
        assert staff.get(f"/admin/orders/{model}/").status_code == 200
        assert staff.get(f"/admin/orders/{model}/add/").status_code == 403
    html = staff.get(f"/admin/orders/order/{order.pk}/change/").content.decode()
    assert "Oak tray" in html
    assert 'name="status"' not in html


def test_staff_cancel_what_can_be_cancelled(staff):
    order, gone = place(), place()
    operations.time_out([gone.pk])
    html = act(staff, "cancel", order, gone)
    assert f"Cancelled: {order.number}." in html
    assert f"Could not be cancelled in their status: {gone.number}." in html
    assert [one["by"] for one in published("orders.cancelled")] == ["timeout", "staff"]


def test_staff_ship_with_carrier_and_tracking_then_mark_delivered(staff):
    order = place()
    pay(order)
    drain()
    assert "Tracking number" in act(staff, "ship", order)
    assert "Tracking number" in act(staff, "ship", order, apply="1", carrier="DHL", tracking="")
    assert Order.objects.get().status == "CONFIRMED"
    html = act(staff, "ship", order, apply="1", carrier="DHL", tracking="42")
    assert f"Shipped: {order.number}." in html
    assert published("orders.shipped")[0]["carrier"] == "DHL"
    act(staff, "deliver", order)
    assert Order.objects.get().status == "DELIVERED"
