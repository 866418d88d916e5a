"""Price lists: what an article costs follows the windows, told on time, in whatever order."""

import random
from decimal import Decimal

import pytest
from django.utils import timezone

from apps.products import operations
from apps.products.models import PriceList, Product
from apps.products.tests.factories import PriceListFactory, VariantFactory
from apps.products.tests.sales import HOUR, costs, plan, scheduled, told
from eventbus.models import Parked
from eventbus.testing import drain, published, redeliver

pytestmark = pytest.mark.django_db
State = PriceList.State


def test_a_sale_begins_and_ends_by_itself_and_is_told_each_time(mug, now):
    row = plan(now, 1, 2, "8.00")
    assert told() == []
    assert scheduled() == [
        ("products.sale_began", now + HOUR),
        ("products.sale_ended", now + 2 * HOUR),
    ]
    drain(now=now + HOUR)
    assert told() == [("8.00", "10.00")]
    assert Product.objects.get().price_from == Decimal("8.00")
    assert Product.objects.get().on_sale
    drain(now=now + 2 * HOUR)
    assert told() == [("8.00", "10.00"), ("10.00", None)]
    assert [fact["version"] for fact in published("products.changed")] == [2, 3]
    assert Product.objects.get().price_from == Decimal("10.00")
    assert not Product.objects.get().on_sale
    row.refresh_from_db()
    assert row.state == State.OVER


def test_a_sale_that_has_begun_is_told_at_once(mug, now):
    plan(now, -1, 1, "8.00")
    assert told() == [("8.00", "10.00")]
    assert [name for name, _ in scheduled()] == ["products.sale_ended"]


def test_a_sale_without_an_end_runs_until_it_is_switched_off(mug, now):
    row = plan(now, -1, None, "8.00")
    assert scheduled() == []
    operations.save_price_list(name=row.name, starts_at=row.starts_at, active=False)
    assert told() == [("8.00", "10.00"), ("10.00", None)]
    operations.save_price_list(name=row.name, starts_at=row.starts_at)
    assert costs() == Decimal("8.00")


def test_saving_the_same_again_tells_and_schedules_nothing(mug, now):
    for _ in range(2):
        plan(now, -1, 1, "8.00")
    assert told() == [("8.00", "10.00")]
    assert len(scheduled()) == 1
    assert PriceList.objects.get().revision == 1


def test_of_overlapping_sales_the_lowest_price_holds(mug, now):
    plan(now, 1, 4, "8.00")
    plan(now, 2, 3, "6.00", name="Flash")
    for hour in (1, 2, 3, 4):
        drain(now=now + hour * HOUR)
    assert told() == [("8.00", "10.00"), ("6.00", "10.00"), ("8.00", "10.00"), ("10.00", None)]


def test_a_dearer_sale_inside_a_cheaper_one_is_not_told(mug, now):
    plan(now, 1, 4, "6.00")
    plan(now, 2, 3, "8.00", name="Dear")
    for hour in (1, 2, 3, 4):
        drain(now=now + hour * HOUR)
    assert told() == [("6.00", "10.00"), ("10.00", None)]


def test_only_the_articles_of_the_list_are_told(mug, now):
    other = VariantFactory(sku="CUP")
    plan(now, -1, 1, "8.00")
    assert {fact["sku"] for fact in published("products.changed")} == {"MUG"}
    other.refresh_from_db()
    assert other.version == 1


def test_a_later_start_takes_the_sale_back_until_then(mug, now):
    row = plan(now, -1, 2, "8.00")
    operations.save_price_list(name=row.name, starts_at=now + HOUR, ends_at=row.ends_at)
    drain(now=now + HOUR)
    drain(now=now + 2 * HOUR)
    assert told() == [("8.00", "10.00"), ("10.00", None), ("8.00", "10.00"), ("10.00", None)]


def test_events_of_an_earlier_window_move_nothing(mug, now):
    """They had been promoted already when the list was saved again."""
    row = plan(now, 1, 2, "8.00")
    operations.save_price_list(name=row.name, starts_at=now + 5 * HOUR, ends_at=now + 6 * HOUR)
    assert not operations.begin_sale(price_list=row.pk, revision=1)
    assert not operations.end_sale(price_list=row.pk, revision=1)
    assert told() == []
    assert operations.begin_sale(price_list=row.pk, revision=2)
    assert not operations.begin_sale(price_list=row.pk, revision=2)
    assert told() == [("8.00", "10.00")]


def test_both_due_at_once_after_a_stop_end_in_no_sale(mug, now):
    plan(now, 1, 2, "8.00")
    drain(now=now + 9 * HOUR, seed=3)
    assert costs() == Decimal("10.00")
    assert PriceList.objects.get().state == State.OVER


def test_an_end_that_overtakes_the_start_wins(mug, now):
    row = plan(now, 1, 2, "8.00")
    assert operations.end_sale(price_list=row.pk, revision=1)
    assert not operations.begin_sale(price_list=row.pk, revision=1)
    assert told() == []


def test_a_second_delivery_changes_nothing(mug, now):
    row = plan(now, 1, 2, "8.00")
    drain(now=now + HOUR)
    redeliver("products.sale_began", key=row.pk, subscriber="products")
    drain(now=now + 2 * HOUR)
    redeliver("products.sale_ended", key=row.pk, subscriber="products")
    redeliver("products.sale_began", key=row.pk, subscriber="products")
    assert told() == [("8.00", "10.00"), ("10.00", None)]


def test_a_deleted_sale_ends_at_once_and_its_events_do_no_harm(mug, now):
    row = plan(now, -1, 1, "8.00")
    assert operations.delete_price_list(price_list=row.pk)
    assert not operations.delete_price_list(price_list=row.pk)
    assert scheduled() == []
    assert told() == [("8.00", "10.00"), ("10.00", None)]
    assert not operations.end_sale(price_list=row.pk, revision=1)
    assert not Parked.objects.exists()


def test_an_article_put_into_or_taken_out_of_a_running_sale_is_told(mug, now):
    row = PriceListFactory()
    operations.set_sale_price(price_list=row.pk, sku="MUG", price=Decimal("8.00"))
    operations.set_sale_price(price_list=row.pk, sku="MUG", price=Decimal("7.00"))
    assert operations.drop_sale_price(price_list=row.pk, sku="MUG")
    assert not operations.drop_sale_price(price_list=row.pk, sku="MUG")
    assert told() == [("8.00", "10.00"), ("7.00", "10.00"), ("10.00", None)]


def test_the_regular_price_itself_is_no_sale(mug, now):
    plan(now, -1, 1, "10.00")
    assert told() == []
    assert not Product.objects.get().on_sale


def lowest(rows, at):
    """What the mug costs then, by the windows alone."""
    running = [price for begin, end, price in rows.values() if begin <= at < end]
    return min([Decimal(10), *running])


@pytest.mark.parametrize("seed", range(6))
def test_whatever_is_edited_the_windows_come_out_right(mug, seed):
    """Lists are made, moved, repriced and deleted at random while the hours pass; after each hour
    the mug costs what the windows say, and what was told last is what it costs."""
    draw = random.Random(seed)
    start = timezone.now().replace(microsecond=0)
    rows = {}
    for hour in range(10):
        for _ in range(2):
            change_at_random(draw, rows, hour, start)
        drain(now=start + hour * HOUR, seed=seed)
        # Only what begins and ends after the present hour is drawn: the clock of the operations
        # stands at the first.
        assert costs() == lowest(rows, hour), rows
        assert [Decimal(price) for price, _ in told()][-1:] in ([], [costs()])
    drain(now=start + 100 * HOUR)
    assert costs() == Decimal(10)


def change_at_random(draw, rows, hour, start):
    begin = draw.randint(hour + 1, hour + 3)
    end, price = begin + draw.randint(1, 3), Decimal(draw.randint(1, 10))
    name = draw.choice("ABC")
    planned = name not in rows or rows[name][0] > hour
    if draw.random() < 0.2 and name in rows:
        operations.delete_price_list(price_list=PriceList.objects.get(name=name).pk)
        del rows[name]
    elif planned:
        rows[name] = (begin, end, price)
        plan(start, begin, end, price, name=name)


def test_the_sale_of_a_hidden_product_is_told_as_inactive(mug, now):
    plan(now, 1, None, "8.00")
    operations.deactivate(products=[mug.product_id])
    drain(now=now + HOUR)
    last = published("products.changed")[-1]
    assert (last["active"], last["price"]) == (False, "8.00")
    assert not Product.objects.get().listed
