"""A list that is narrowed down shows each product by a variant that fits, and leads to it."""

import pytest

from apps.products import operations
from apps.products.models import Availability
from apps.products.tests.factories import ProductFactory, VariantFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def mug():
    """Blue first, then two sizes of red, of which the second has units left, and an old one."""
    product = ProductFactory(slug="mug")
    for sku, colour, size, units in (
        ("MUG-BLU", "Blue", "M", 9),
        ("MUG-RED-S", "Red", "S", 0),
        ("MUG-RED-M", "Red", "M", 2),
        ("MUG-RED-L", "Red", "L", 1),
    ):
        drawn = f"mug-{colour.lower()}"
        options = {"Colour": colour, "Size": size}
        VariantFactory(sku=sku, product=product, options=options, picture=drawn)
        operations.record_availability([Availability(sku=sku, available=units, version=1)])
    gone = {"Colour": "Red", "Size": "L"}
    operations.save_variant(sku="MUG-RED-L", product="mug", price=10, options=gone, active=False)
    return product


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("?", ("", "mug-blue", 11)),
        ("?in_stock=1", ("", "mug-blue", 11)),
        ("?option=Colour:Red", ("MUG-RED-M", "mug-red", 2)),
        ("?option=Colour:Red&option=Size:S", ("MUG-RED-S", "mug-red", 0)),
        ("?option=Size:M&option=Colour:Red&option=Colour:Blue", ("MUG-BLU", "mug-blue", 11)),
    ],
)
def test_by_the_first_that_fits_and_is_left(client, mug, query, shown):
    page = client.get(f"/products/{query}")
    [card] = page.context["cards"]
    assert (card.sku, card.picture, card.available) == shown
    sku = f"?sku={card.sku}" if card.sku else ""
    assert f'href="/products/mug/{sku}"' in page.text
    assert f"/{card.picture}." in page.text
