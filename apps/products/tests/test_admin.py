import pytest

from apps.products.models import Product, Variant
from apps.products.tests.factories import CategoryFactory, VariantFactory
from eventbus.testing import published

pytestmark = pytest.mark.django_db


def rows(*variants, total):
    form = {"variants-TOTAL_FORMS": total, "variants-INITIAL_FORMS": len(variants)}
    for index, variant in enumerate(variants):
        form |= {
            f"variants-{index}-id": variant.pk,
            f"variants-{index}-product": variant.product_id,
            f"variants-{index}-sku": variant.sku,
            f"variants-{index}-option": variant.option,
            f"variants-{index}-price": variant.price,
            f"variants-{index}-picture": variant.picture,
            f"variants-{index}-active": "on",
        }
    return form


def product_form(category, **changes):
    return {
        "slug": "mug",
        "title": "Mug",
        "description": "A mug.",
        "category": category.pk,
        "tax_class": "standard",
        "active": "on",
    } | changes


def test_a_product_made_by_staff_is_told(admin_client):
    new = {"option": "Blue", "price": "9.50", "picture": "mug-blue", "active": "on"}
    form = product_form(CategoryFactory()) | rows(total=1)
    form |= {f"variants-0-{name}": value for name, value in {"sku": "MUG-BLU", **new}.items()}
    response = admin_client.post("/admin/products/product/add/", form)
    assert response.status_code == 302
    assert Product.objects.get().variants.get().sku == "MUG-BLU"
    facts = published("products.changed")
    assert [(fact["sku"], fact["price"], fact["version"]) for fact in facts] == [
        ("MUG-BLU", "9.50", 1)
    ]


def test_a_title_changed_by_staff_is_told_and_the_identity_is_kept(admin_client):
    variant = VariantFactory(product__slug="mug", sku="MUG-BLU")
    form = product_form(variant.product.category, title="Better mug", slug="other")
    form |= rows(variant, total=1) | {"variants-0-sku": "OTHER"}
    response = admin_client.post(f"/admin/products/product/{variant.product_id}/change/", form)
    assert response.status_code == 302
    assert Product.objects.get().slug == "mug"
    facts = published("products.changed")
    assert [(fact["sku"], fact["title"]) for fact in facts] == [("MUG-BLU", "Better mug")]


def test_a_variant_changed_by_staff_is_told(admin_client):
    variant = VariantFactory(sku="MUG-BLU")
    form = {
        "product": variant.product_id,
        "sku": "MUG-BLU",
        "option": "",
        "price": "12.00",
        "picture": "mug-red",
        "active": "on",
    }
    response = admin_client.post(f"/admin/products/variant/{variant.pk}/change/", form)
    assert response.status_code == 302
    (fact,) = published("products.changed")
    assert (fact["price"], fact["picture"]) == ("12.00", "/products/pictures/mug-red.svg")


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


@pytest.mark.parametrize("model", ["category", "product", "variant", "availability"])
def test_every_list_opens(admin_client, model):
    VariantFactory()
    assert admin_client.get(f"/admin/products/{model}/").status_code == 200
