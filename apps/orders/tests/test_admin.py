import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.utils import timezone
from django.utils.html import format_html

from apps.orders import operations, queries
from apps.orders.apps import OrdersConfig
from apps.orders.models import Order
from apps.orders.tests.factories import PriceFactory, decline, pay, place
from eventbus.testing import drain, emit, published

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


def page(client, order):
    return client.get(f"/admin/orders/order/{order.pk}/change/").content.decode()


def buttons(html):
    return {name for name in ("Cancel", "Ship", "Deliver") if f'value="{name} this order"' in html}


def test_the_orders_page_has_a_button_for_each_way_that_it_may_go(staff):
    order = place()
    ways = {
        "PENDING": {"Cancel"},
        "CONFIRMED": {"Cancel", "Ship"},
        "SHIPPED": {"Deliver"},
        "DELIVERED": set(),
        "FAILED": set(),
        "CANCELLED": set(),
    }
    for status, expected in ways.items():
        Order.objects.update(status=status)
        assert buttons(page(staff, order)) == expected


def test_the_history_names_who_of_the_staff_it_was(staff, django_user_model):
    order = place()
    act(staff, "cancel", order)
    who = f"user:{django_user_model.objects.get(is_staff=True).pk}"
    assert (order.history.last().by, order.history.last().actor) == ("staff", who)
    assert who in page(staff, order)


def test_who_may_only_look_has_no_button_and_no_action(client, user):
    user.is_staff = True
    user.save()
    user.user_permissions.add(Permission.objects.get(codename="view_order"))
    client.force_login(user)
    order = place()
    assert buttons(page(client, order)) == set()
    act(client, "cancel", order)
    assert Order.objects.get().status == "PENDING"


def test_a_refund_that_failed_and_an_order_that_is_stuck_can_be_found(staff):
    owed, stuck, fine = place(), place(), place()
    told = {"order_id": str(owed.pk), "amount": "1.00", "currency": "EUR", "message": "Closed."}
    emit("payments.refund_failed", told, key=owed.pk)
    drain()
    Order.objects.filter(pk=stuck.pk).update(pay_before=timezone.now() - 2 * queries.STUCK_AFTER)

    def found(**filters):
        html = staff.get("/admin/orders/order/", filters).content.decode()
        return {order for order in (owed, stuck, fine) if order.number in html}

    assert found(needs="refund") == {owed}
    assert found(needs="stuck") == {stuck}
    assert found() == {owed, stuck, fine}
    assert "refund failed" in staff.get("/admin/orders/order/").content.decode()
    html = page(staff, owed)
    assert "give the money back by hand" in html
    assert "Closed." in html


def test_orders_are_found_by_what_customers_tell_on_the_phone(staff):
    order, other = place(), place()
    Order.objects.filter(pk=other.pk).update(name="Bob", email="bob@example.com")
    for query in (order.number, order.number[3:], "ann@example.com", "Ann Lee", str(order.pk)):
        html = staff.get("/admin/orders/order/", {"q": query}).content.decode()
        assert order.number in html
        assert other.number not in html


def known_of_it(request, *, order_id):
    return format_html("<i>{}</i>", order_id)


def test_the_orders_page_offers_what_others_know_of_it(staff, monkeypatch):
    monkeypatch.setattr(
        OrdersConfig, "slots", OrdersConfig.slots | {"order.staff": f"{__name__}.known_of_it"}
    )
    order = place()
    assert f"<i>{order.pk}</i>" in page(staff, order)


def test_shipping_can_be_left_again(staff):
    order = place()
    pay(order)
    drain()
    assert '<a href="/admin/orders/order/">Cancel</a>' in act(staff, "ship", order)
