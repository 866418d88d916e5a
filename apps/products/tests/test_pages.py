from decimal import Decimal
from xml.etree import ElementTree

import pytest

from apps.products import demo, pictures
from apps.products.models import Availability, Product
from apps.products.tests.factories import (
    CategoryFactory,
    ProductFactory,
    SalePriceFactory,
    VariantFactory,
)

pytestmark = pytest.mark.django_db


def titles(response):
    return [card.title for card in response.context["cards"]]


def test_the_list_shows_cards_and_costs_two_queries(client, django_assert_num_queries):
    product = ProductFactory(category__slug="mugs")
    VariantFactory(product=product, option="Blue", price=Decimal("14.90"))
    VariantFactory(product=product, option="Red", price=Decimal("16.90"))
    for _ in range(5):
        SalePriceFactory(variant__product__category=product.category)
    for path in ("/products/", "/products/c/mugs/"):
        with django_assert_num_queries(2):
            response = client.get(path)
        page = response.content.decode()
        assert len(titles(response)) == 6
        assert "from</span> €14.90" in page
        assert page.count('class="badge warning">Sale') == 5
        assert page.count('loading="eager"') == 4
        assert page.count('loading="lazy"') == 2


def test_the_pages_of_the_list_show_every_product_once(client, monkeypatch):
    monkeypatch.setattr("apps.products.views.lists.PAGE_SIZE", 3)
    for _ in range(5):
        VariantFactory()
    first = client.get("/products/")
    second = client.get("/products/" + first.context["after"])
    assert len(titles(first) + titles(second)) == len(set(titles(first) + titles(second))) == 5
    assert titles(client.get("/products/" + second.context["before"])) == titles(first)
    assert client.get("/products/?cursor=none").status_code == 200


def test_the_demo_catalogue_shows_what_there_is(client):
    demo.load()
    assert len(titles(client.get("/products/"))) == min(24, Product.objects.count())
    lamp = client.get("/products/reading-lamp/").content.decode()
    assert '€35.00 <del><span class="visually-hidden">instead of </span>€42.00</del>' in lamp
    hat = client.get("/products/fishermans-hat/?sku=HAT-MUS").content.decode()
    for part in ("?sku=HAT-NVY", "?sku=HAT-MUS-L", 'aria-label="Size"', "hat-mustard-close.svg"):
        assert part in hat
    assert 'alt="Fisherman&#x27;s hat in mustard"' in hat


def test_a_name_is_never_markup(client):
    title = "Chef's knife <20 cm>"
    VariantFactory(product__slug="knife", product__title=title, product__description="</script>")
    page = client.get("/products/knife/").content.decode()
    assert "Chef&#x27;s knife &lt;20 cm&gt;" in page
    assert "<20 cm>" not in page
    assert page.count("</script>") == page.count("<script")
    assert "\\u003C/script\\u003E" in page


def test_a_parent_category_lists_what_is_below_it(client):
    top = CategoryFactory(slug="home", title="Home")
    leaf = CategoryFactory(slug="mugs", title="Mugs", parent=CategoryFactory(parent=top))
    mug = VariantFactory(product__category=leaf).product
    VariantFactory()
    assert titles(client.get("/products/c/home/")) == [mug.title]
    page = client.get("/products/c/mugs/").content.decode()
    assert 'href="/products/c/home/"' in page


def test_hidden_things_are_not_found(client):
    hidden = CategoryFactory(slug="hidden", active=False)
    below = CategoryFactory(slug="below", parent=hidden)
    VariantFactory(product__slug="in-hidden", product__category=below)
    VariantFactory(product__slug="off-sale", product__active=False)
    VariantFactory(product__slug="no-variant", active=False)
    ProductFactory(slug="empty")
    for path in ["c/hidden/", "c/below/", "c/none/", "in-hidden/", "off-sale/", "no-variant/"]:
        assert client.get(f"/products/{path}").status_code == 404
    assert client.get("/products/empty/").status_code == 404
    assert titles(client.get("/products/")) == []


def test_a_link_chooses_the_variant(client):
    product = ProductFactory(slug="mug", title="Mug")
    VariantFactory(product=product, sku="BLU", option="Blue", picture="mug-blue")
    VariantFactory(
        product=product, sku="RED", option="Red", picture="mug-red", price=Decimal("11.00")
    )
    page = client.get("/products/mug/?sku=RED").content.decode()
    assert "/products/pictures/mug-red.svg" in page
    assert "mug-blue" not in page
    assert "€11.00" in page
    assert "mug-blue" in client.get("/products/mug/?sku=NONE").content.decode()


def test_the_first_variant_that_can_be_bought_is_shown(client):
    product = ProductFactory(slug="mug")
    VariantFactory(product=product, sku="BLU", option="Blue")
    VariantFactory(product=product, sku="RED", option="Red")
    Availability.objects.create(sku="BLU", available=0, version=1)
    assert client.get("/products/mug/").context["variant"].sku == "RED"


@pytest.mark.parametrize(
    ("available", "badge"),
    [(0, "Sold out"), (1, "Only 1 left"), (3, "Only 3 left"), (4, "In stock")],
)
def test_the_badge_says_what_is_left(client, available, badge):
    variant = VariantFactory(product__slug="mug")
    Availability.objects.create(sku=variant.sku, available=available, version=1)
    for path in ["/products/", "/products/mug/"]:
        assert badge in client.get(path).content.decode()


def test_no_badge_before_inventory_has_spoken(client):
    VariantFactory(product__slug="mug")
    assert 'class="badge' not in client.get("/products/mug/").content.decode()


def test_a_picture_is_a_cacheable_svg(client):
    response = client.get("/products/pictures/mug-blue.svg")
    assert response["Content-Type"] == "image/svg+xml"
    assert response["Cache-Control"] == "public, max-age=2592000"
    assert not response.has_header("Vary") or "Cookie" not in response["Vary"]
    assert client.get("/products/pictures/mug-nocolour.svg").status_code == 404


def test_every_picture_is_well_formed_and_its_own():
    drawn = [pictures.draw(name) for name in pictures.names()]
    assert len(set(drawn)) == len(drawn) >= 12 * 12
    for svg in drawn:
        ElementTree.fromstring(svg)  # noqa: S314  (our own text)
