from uuid import uuid4

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AnonymousUser, Permission
from django.template import Context, Template
from django.test import RequestFactory
from django.urls import reverse

from apps.inventory.models import Hold, LedgerEntry, StockItem
from apps.inventory.tests.factories import create, numbers, stocked
from eventbus.testing import drain

pytestmark = pytest.mark.django_db

ITEMS = "admin:inventory_stockitem_changelist"


def somebody(**facts):
    user = get_user_model()(is_staff=True, **facts)
    setattr(user, user.USERNAME_FIELD, "ada@example.com")
    user.set_unusable_password()
    user.save()
    return user


@pytest.fixture
def boss(client):
    user = somebody(is_superuser=True)
    client.force_login(user)
    return user


def adjust(client, items, **fields):
    selected = {"action": "adjust_stock", "_selected_action": [item.pk for item in items]}
    return client.post(reverse(ITEMS), {**selected, **fields}, follow=True)


def test_the_list_shows_the_numbers_and_finds_by_sku(client, boss):
    stocked("MUG", 5)
    stocked("BOWL", 123)
    create(("MUG", 2))
    drain()

    page = client.get(reverse(ITEMS), {"q": "MUG"}).content.decode()

    assert '<td class="field-on_hand">5</td>' in page
    assert '<td class="field-held">2</td>' in page
    assert '<td class="field-available">3</td>' in page
    assert "123" not in page


def test_adjusting_asks_for_units_and_reason(client, boss):
    item = stocked("MUG", 5)

    page = adjust(client, [item]).content.decode()

    assert "5 on hand, 0 held by orders, 5 available" in page
    assert 'name="delta"' in page
    assert 'name="reason"' in page
    assert numbers("MUG") == (5, 0)


def test_adjusting_changes_the_stock_and_says_so(client, boss):
    item = stocked("MUG", 5)

    page = adjust(client, [item], apply="1", delta="-2", reason="Broken").content.decode()

    entry = LedgerEntry.objects.get(kind="adjusted")
    assert "Stock adjusted: -2 MUG (adjusted)." in page
    assert (entry.delta, entry.reason, entry.by) == (-2, "Broken", f"user:{boss.pk}")
    assert numbers("MUG") == (3, 0)


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"delta": "-6", "reason": "Broken"}, "at most 5 can be taken off"),
        ({"delta": "0", "reason": "Broken"}, "at least one unit"),
        ({"delta": "1", "reason": " "}, "This field is required"),
        ({"delta": "x", "reason": "Broken"}, "Enter a whole number"),
    ],
)
def test_a_refused_adjustment_says_why_and_changes_nothing(client, boss, fields, says):
    item = stocked("MUG", 5)

    page = adjust(client, [item], apply="1", **fields).content.decode()

    assert says in page
    assert numbers("MUG") == (5, 0)
    assert LedgerEntry.objects.count() == 1


def test_only_one_article_is_adjusted_at_a_time(client, boss):
    items = [stocked("MUG", 5), stocked("BOWL", 5)]

    page = adjust(client, items, apply="1", delta="1", reason="Found").content.decode()

    assert "Select one article to adjust." in page
    assert LedgerEntry.objects.count() == 2


def test_who_may_only_look_cannot_adjust(client):
    item = stocked("MUG", 5)
    viewer = somebody()
    viewer.user_permissions.add(Permission.objects.get(codename="view_stockitem"))
    client.force_login(viewer)

    adjust(client, [item], apply="1", delta="1", reason="Found")

    assert client.get(reverse(ITEMS)).status_code == 200
    assert numbers("MUG") == (5, 0)


def test_the_threshold_alone_can_be_edited(client, boss):
    item = stocked("MUG", 5)
    url = reverse("admin:inventory_stockitem_change", args=[item.pk])

    client.post(url, {"low_threshold": "9", "on_hand": "99", "sku": "LAMP"})

    item.refresh_from_db()
    assert (item.low_threshold, item.on_hand, item.sku) == (9, 5, "MUG")


def test_nothing_is_added_deleted_or_rewritten_by_hand(client, boss):
    stocked("MUG", 5)
    create(("MUG", 2))
    drain()

    for model in (StockItem, Hold, LedgerEntry):
        row = model.objects.get()
        name = f"admin:inventory_{model._meta.model_name}"
        change = reverse(f"{name}_change", args=[row.pk])
        assert client.get(reverse(f"{name}_changelist")).status_code == 200
        assert client.get(change).status_code == 200
        assert client.get(reverse(f"{name}_add")).status_code == 403
        delete = reverse(f"{name}_delete", args=[row.pk])
        assert client.post(delete, {"post": "yes"}).status_code == 403
        if model is not StockItem:
            assert client.post(change, {}).status_code == 403
    assert numbers("MUG") == (5, 2)


def test_the_staffs_page_of_an_order_leads_to_its_hold(boss):
    order_id = uuid4()
    request = RequestFactory().get("/")
    request.user = boss
    context = Context({"request": request, "order_id": order_id})
    link = Template('{% slot "order.staff" order_id=order_id %}')
    assert f'href="/admin/inventory/hold/?q={order_id}"' in link.render(context)
    request.user = AnonymousUser()
    assert link.render(context) == ""
