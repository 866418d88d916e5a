"""What is derived for the lists is what the rows say, whatever was done to them."""

import random
from decimal import Decimal

import pytest

from apps.products import operations, queries
from apps.products.models import Availability, Category, Product, Variant
from apps.products.tests.factories import PriceListFactory, VariantFactory
from eventbus.testing import published

pytestmark = pytest.mark.django_db


def derived():
    fields = ("slug", "listed", "price_from", "price_to", "on_sale", "cover")
    return set(Product.objects.values_list(*fields))


def by_the_rows():
    visible = {branch.id for branch in queries.category_tree().values()}
    found = set()
    for product in Product.objects.all():
        active = list(product.variants.filter(active=True).order_by("id"))
        costs = [variant.costs for variant in active]
        listed = product.active and product.category_id in visible and bool(active)
        lowest, highest = min(costs, default=None), max(costs, default=None)
        on_sale = any(variant.sale_price for variant in active)
        cover = active[0].picture if active else ""
        found.add((product.slug, listed, lowest, highest, on_sale, cover))
    return found


def last_told():
    """The state of each article, as a reader has it now."""
    return {fact["sku"]: fact for fact in published("products.changed")}


def is_so(variant, fact):
    listed = variant.product.listed and variant.active
    return (fact["active"], Decimal(fact["price"])) == (listed, variant.costs) and (
        fact["version"] == variant.version
    )


@pytest.mark.parametrize("seed", range(4))
def test_whatever_is_done_lists_and_readers_know_it(seed):
    draw = random.Random(seed)
    operations.save_category(slug="top", title="Top")
    operations.save_category(slug="low", title="Low", parent="top")
    for slug in ("mug", "cup"):
        operations.save_product(slug=slug, title=slug, description="x", category="low")
        operations.save_option(product=slug, name="Size", values=["S", "M"])
    sale = PriceListFactory()
    for _ in range(30):
        act_at_random(draw, sale)
        assert derived() == by_the_rows()
        facts = last_told()
        for variant in Variant.objects.select_related("product"):
            assert is_so(variant, facts[variant.sku])


def act_at_random(draw, sale):
    slug, size = draw.choice(["mug", "cup"]), draw.choice("SM")
    sku, truth = f"{slug}-{size}", draw.random() < 0.6
    known = Variant.objects.filter(sku=sku).first()
    kind = draw.randrange(6)
    if kind == 0 or known is None:
        operations.save_variant(
            sku=sku,
            product=slug,
            price=Decimal(draw.randint(6, 9)),
            options={"Size": size},
            picture=draw.choice(["mug-blue", "mug-red"]),
            active=truth,
        )
    elif kind == 1:
        act = operations.activate if truth else operations.deactivate
        act(products=[known.product_id])
    elif kind == 2:
        low = Category.objects.get(slug="low")
        operations.save_category(slug="low", title=low.title, parent="top", active=truth)
    elif kind == 3:
        operations.save_category(slug="top", title="Top", active=truth)
    elif kind == 4:
        operations.set_sale_price(price_list=sale.pk, sku=sku, price=Decimal(draw.randint(3, 6)))
    else:
        operations.drop_sale_price(price_list=sale.pk, sku=sku)


def test_a_card_shows_the_sum_of_what_is_left(client):
    variant = VariantFactory(option="Blue")
    VariantFactory(product=variant.product, option="Red")
    VariantFactory(product=variant.product, option="Old", active=False, sku="OLD")
    Availability.objects.create(sku="OLD", available=50, version=1)
    (card,) = client.get("/products/").context["cards"]
    assert card.available is None
    Availability.objects.create(sku=variant.sku, available=2, version=1)
    (card,) = client.get("/products/").context["cards"]
    assert card.available == 2
