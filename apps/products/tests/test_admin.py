import pytest
from django.apps import apps

from apps.products import operations
from apps.products.models import Availability, OptionValue, Picture, Product, Variant
from apps.products.tests.factories import (
    CategoryFactory,
    ReviewFactory,
    SalePriceFactory,
    VariantFactory,
)
from eventbus.testing import published

pytestmark = pytest.mark.django_db


def rows(name, *new, kept=()):
    """The fields of an inline form: rows that are kept (with their id) or changed, and new ones."""
    form = {f"{name}-TOTAL_FORMS": len(kept) + len(new), f"{name}-INITIAL_FORMS": len(kept)}
    for index, row in enumerate([*kept, *new]):
        form |= {f"{name}-{index}-{field}": value for field, value in row.items()}
    return form


def as_row(variant, **changes):
    row = {"id": variant.pk, "product": variant.product_id, "sku": variant.sku}
    return row | {"price": variant.price, "active": "on"} | changes


def product_form(category, **changes):
    return {
        "slug": "mug",
        "title": "Mug",
        "description": "A mug.",
        "category": category.pk,
        "tax_class": "standard",
        "active": "on",
        **rows("options"),
        **rows("variants"),
        **rows("pictures"),
    } | changes


def test_a_product_made_by_staff_is_told(admin_client):
    new = {"sku": "MUG-BLU", "price": "9.50", "active": "on"}
    form = product_form(CategoryFactory(), **rows("variants", new))
    response = admin_client.post("/admin/products/product/add/", form)
    assert response.status_code == 302
    assert Product.objects.get().variants.get().sku == "MUG-BLU"
    facts = published("products.changed")
    assert [(fact["sku"], fact["price"], fact["version"]) for fact in facts] == [
        ("MUG-BLU", "9.50", 1)
    ]


def test_a_title_changed_by_staff_is_told_and_the_sku_is_kept(admin_client):
    variant = VariantFactory(product__slug="mug", sku="MUG-BLU")
    kept = as_row(variant, sku="OTHER")
    form = product_form(variant.product.category, title="Better mug")
    form |= rows("variants", kept=[kept])
    response = admin_client.post(f"/admin/products/product/{variant.product_id}/change/", form)
    assert response.status_code == 302
    facts = published("products.changed")
    assert [(fact["sku"], fact["title"]) for fact in facts] == [("MUG-BLU", "Better mug")]


def test_a_slug_changed_by_staff_is_told_and_the_old_one_leads_there(admin_client, client):
    variant = VariantFactory(product__slug="mug", sku="MUG-BLU")
    form = product_form(variant.product.category, slug="harbour-mug")
    form |= rows("variants", kept=[as_row(variant)])
    admin_client.post(f"/admin/products/product/{variant.product_id}/change/", form)
    assert published("products.changed")[0]["url"] == "/products/harbour-mug/?sku=MUG-BLU"
    assert client.get("/products/mug/").url == "/products/harbour-mug/"


def test_a_slug_that_was_anothers_is_refused_on_the_form(admin_client):
    operations.move_product(slug=VariantFactory(product__slug="mug").product.slug, to="cup")
    variant = VariantFactory(product__slug="bowl")
    before = len(published("products.changed"))
    form = product_form(variant.product.category, slug="mug")
    page = admin_client.post(f"/admin/products/product/{variant.product_id}/change/", form)
    assert "It was the address of another product." in page.content.decode()
    assert len(published("products.changed")) == before


def test_staff_give_a_product_options_and_pictures_and_a_variant_of_each(admin_client):
    product = VariantFactory(product__slug="mug", sku="BLU", picture="").product
    address = f"/admin/products/product/{product.pk}/change/"
    variant = product.variants.get()
    axis = {"name": "Colour", "all_values": "Blue, Red", "position": 0}
    view = {"recipe": "mug-blue", "alt": "A blue mug", "variant": variant.pk, "position": 0}
    form = product_form(product.category, **rows("options", axis), **rows("pictures", view))
    admin_client.post(address, form | rows("variants", kept=[as_row(variant)]))
    fact = published("products.changed")[-1]
    assert fact["title"] == "Mug, Blue"
    assert (fact["picture"], fact["picture_alt"]) == (
        "/products/pictures/mug-blue.svg",
        "A blue mug",
    )

    red = OptionValue.objects.get(name="Red")
    new = {"sku": "RED", "price": "9.50", "active": "on", "chosen": red.pk}
    form = product_form(product.category) | rows("variants", new, kept=[as_row(variant)])
    admin_client.post(address, form)
    assert published("products.changed")[-1]["title"] == "Mug, Red"

    both = [OptionValue.objects.get(name="Blue").pk, red.pk]
    page = admin_client.post(address, form | {"variants-1-chosen": both}).content.decode()
    assert "Choose one value of each option." in page

    form["variants-1-sku"] = "RED-2"
    page = admin_client.post(address, form, follow=True).content.decode()
    assert "Another variant of the product is the same to choose." in page
    assert Variant.objects.count() == 2


def test_an_option_that_staff_delete_goes_from_the_titles(admin_client):
    variant = VariantFactory(product__title="Mug", options={"Colour": "Blue", "Size": "M"})
    colour, size = variant.product.options.all()
    lines = [
        {
            "id": row.pk,
            "product": row.product_id,
            "all_values": row.values.get().name,
            "position": n,
        }
        for n, row in enumerate([colour, size])
    ]
    lines[1]["DELETE"] = "on"
    form = product_form(variant.product.category) | rows("options", kept=lines)
    form |= rows("variants", kept=[as_row(variant)])
    admin_client.post(f"/admin/products/product/{variant.product_id}/change/", form)
    assert published("products.changed")[-1]["title"] == "Mug, Blue"


def test_an_article_taken_out_of_a_sale_by_staff_is_told(admin_client):
    row = SalePriceFactory()
    admin_client.post(f"/admin/products/saleprice/{row.pk}/delete/", {"post": "yes"})
    assert published("products.changed")[-1]["price"] == "10.00"


def test_a_variant_changed_by_staff_is_told(admin_client):
    variant = VariantFactory(sku="MUG-BLU", option="Blue")
    form = {"product": variant.product_id, "sku": "MUG-BLU", "price": "12.00", "active": "on"}
    response = admin_client.post(f"/admin/products/variant/{variant.pk}/change/", form)
    assert response.status_code == 302
    (fact,) = published("products.changed")
    assert (fact["price"], fact["picture"]) == ("12.00", "/products/pictures/mug-blue.svg")
    assert fact["title"].endswith(", Blue")


def test_another_drawing_is_another_picture(admin_client):
    variant = VariantFactory(product__slug="mug")
    picture = variant.pictures.get()
    row = {"id": picture.pk, "recipe": "mug-red", "alt": "A red mug", "position": 0}
    row |= {"variant": variant.pk, "product": variant.product_id}
    form = product_form(variant.product.category) | rows("pictures", kept=[row])
    form |= rows("variants", kept=[as_row(variant)])
    admin_client.post(f"/admin/products/product/{variant.product_id}/change/", form)
    assert Picture.objects.get().recipe == "mug-red"
    assert published("products.changed")[-1]["picture_alt"] == "A red mug"


def test_a_value_is_renamed_in_every_title(admin_client):
    VariantFactory(option="Bleu", product__title="Mug")
    value = OptionValue.objects.get()
    admin_client.post(f"/admin/products/optionvalue/{value.pk}/change/", {"name": "Blue"})
    assert [fact["title"] for fact in published("products.changed")] == ["Mug, Blue"]


def test_a_category_hidden_by_staff_takes_its_articles_off_sale(admin_client):
    variant = VariantFactory(product__category__slug="home")
    category = variant.product.category
    form = {"slug": "home", "title": "Home", "parent": "", "position": "0"}
    response = admin_client.post(f"/admin/products/category/{category.pk}/change/", form)
    assert response.status_code == 302
    assert [fact["active"] for fact in published("products.changed")] == [False]


@pytest.mark.parametrize(
    ("action", "active"), [("deactivate", False), ("activate", True), ("delete_selected", True)]
)
def test_the_actions_of_the_list(admin_client, action, active):
    variant = VariantFactory(product__active=action != "activate")
    form = {"action": action, "_selected_action": [variant.product_id], "post": "yes"}
    admin_client.post("/admin/products/product/", form)
    assert Product.objects.get().active is active
    assert len(published("products.changed")) == (action != "delete_selected")


def test_staff_can_have_an_article_told_again(admin_client):
    variant = VariantFactory(version=3)
    form = {"action": "tell_again", "_selected_action": [variant.pk]}
    admin_client.post("/admin/products/variant/", form)
    assert [fact["version"] for fact in published("products.changed")] == [3]
    assert Variant.objects.get().version == 3


@pytest.mark.parametrize(
    "model",
    [
        *("category", "product", "variant", "optionvalue", "pricelist", "review"),
        *("availability", "boughtorder", "boughtarticle", "categoryslug", "productslug"),
        *("option", "variantvalue", "picture", "decision", "saleprice"),
    ],
)
def test_every_list_and_every_row_opens(admin_client, model):
    variant = VariantFactory(option="Blue")
    SalePriceFactory(variant=variant)
    ReviewFactory(product=variant.product, status="approved")
    Availability.objects.create(sku="X", available=1, version=1)
    row = apps.get_model("products", model).objects.first()
    assert admin_client.get(f"/admin/products/{model}/?q=x").status_code == 200
    assert admin_client.get(f"/admin/products/{model}/{row.pk}/change/").status_code == 200
    assert admin_client.get(f"/admin/products/{model}/").status_code == 200
