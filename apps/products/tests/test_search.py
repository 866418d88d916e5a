"""Search: whatever the database, the same words find the same things."""

import pytest
from django.db import connection, transaction

from apps.products import operations
from apps.products.models import Listing, Product, Word
from apps.products.search import asked, engine, normal, postgresql, respelt
from apps.products.search.spelling import likeness, slips
from apps.products.tests.factories import CategoryFactory, ProductFactory, VariantFactory

pytestmark = pytest.mark.django_db
OPERATORS = ["&", "a & b", "'", "''", '"', '"mug', "mug:*", "mug*", "!mug", "(", "NEAR(", "a AND"]
OPERATORS += ["mug <-> cup", "\\", "%", "_", ":", "names:mug", "{}", "--", "; DROP TABLE x", "^"]
STRANGE = ["\x00", "mug\x00", "🛋", "كوب أزرق", "ספל", "杯子", "²", "ﬁn", "İ", "ß", "e\u0301" * 50]
STRANGE += ["x" * 10_000, "a " * 5_000, "\u202emug", " ", "the", "the of", "-", "Ⅷ", "\ufffd"]


def sell(title, *, description="It does what it should.", **variant):
    product = ProductFactory(title=title, description=description)
    VariantFactory(product=product, **variant)
    return product


@pytest.fixture
def shop():
    sell("Harbour mug", option="Blue", sku="MUG-BLU", description="Stoneware, glazed inside.")
    sell("Café au lait bowl", sku="BOW-1", description="Goes with any mug.")
    sell("Quiet headphones", option="Black", sku="HEA-1")
    sell("Linen blankets", option="Cream", sku="BLA-1", description="Warm, for two.")


def found(client, question, **more):
    response = client.get("/products/", {"q": question} | more)
    assert response.status_code == 200
    return [card.title for card in response.context["cards"]]


@pytest.mark.parametrize(
    ("question", "titles"),
    [
        ("mug", ["Harbour mug", "Café au lait bowl"]),  # a title counts more than a description
        ("MUGS", ["Harbour mug", "Café au lait bowl"]),
        ("harbour mug", ["Harbour mug"]),
        ("mug harbour", ["Harbour mug"]),
        ("harb", ["Harbour mug"]),
        ("headph", ["Quiet headphones"]),
        ("cafe", ["Café au lait bowl"]),
        ("CAFÉ", ["Café au lait bowl"]),
        ("blanket", ["Linen blankets"]),
        ("blue mug", ["Harbour mug"]),
        ("cream", ["Linen blankets"]),
        ("glazed", ["Harbour mug"]),
        ("MUG-BLU", ["Harbour mug"]),
        ("the mug", ["Harbour mug", "Café au lait bowl"]),
    ],
)
def test_words_and_their_beginnings_are_found(client, shop, question, titles):
    assert found(client, question) == titles


@pytest.mark.parametrize(
    ("question", "titles", "meant"),
    [
        ("headphnes", ["Quiet headphones"], "headphones"),
        ("haedphones", ["Quiet headphones"], "headphones"),
        ("quiet hedphones", ["Quiet headphones"], "quiet headphones"),
        ("mgu", ["Harbour mug", "Café au lait bowl"], "mug"),
        ("blnaket", ["Linen blankets"], "blankets"),
        ("harbuor", ["Harbour mug"], "harbour"),
    ],
)
def test_a_misspelt_word_is_understood(client, shop, question, titles, meant):
    response = client.get("/products/", {"q": question})
    assert [card.title for card in response.context["cards"]] == titles
    assert response.context["found"].respelt == meant
    assert f"results for <strong>{meant}</strong>" in response.content.decode()


def test_what_is_there_is_never_respelt(client, shop, django_assert_num_queries):
    with django_assert_num_queries(2):
        response = client.get("/products/?q=headphones")
    assert response.context["found"].respelt == ""


def test_nothing_offers_what_comes_near(client, shop):
    CategoryFactory(title="Headwear")
    response = client.get("/products/", {"q": "head zzzzzz mug"})
    assert response.context["cards"] == []
    nearest = [card.title for card in response.context["found"].nearest]
    assert nearest == ["Harbour mug", "Café au lait bowl"]
    assert [branch.title for branch in response.context["alike"]] == ["Headwear"]
    page = response.content.decode()
    assert "We found nothing for “head zzzzzz mug”" in page
    assert "Perhaps you meant one of these" in page


def test_nothing_in_a_category_leads_out_of_it(client, shop):
    CategoryFactory(slug="cups")
    page = client.get("/products/c/cups/?q=mug").content.decode()
    assert 'href="/products/?q=mug">Look everywhere' in page


@pytest.mark.parametrize("question", OPERATORS + STRANGE, ids=ascii)
def test_whatever_is_asked_there_is_an_answer(client, shop, question):
    for path in ("/products/", "/products/suggest/"):
        assert client.get(path, {"q": question}).status_code == 200
    answer = client.get("/api/v1/products/", {"q": question})
    assert answer.status_code in (200, 400)  # 400: too long, or with a NUL


def test_a_word_that_all_have_is_one_query_and_the_tree(client, django_assert_num_queries):
    for number in range(30):
        sell(f"Mug {number}")
    for query in ("q=mug", "q=mug&sort=price&in_stock=1", "q=mug&option=Colour:Blue"):
        with django_assert_num_queries(2):
            client.get(f"/products/?{query}")


# What is searched follows the catalogue ---------------------------------------------------------
def test_a_new_name_is_found_and_the_old_one_is_not(client, shop):
    mug = Product.objects.get(title="Harbour mug")
    operations.save_product(
        slug=mug.slug, title="Pier beaker", description="Of tin.", category=mug.category.slug
    )
    assert found(client, "beaker") == ["Pier beaker"]
    assert "Pier beaker" not in found(client, "harbour")


def test_what_is_off_sale_is_not_found(client, shop):
    mug = Product.objects.get(title="Harbour mug")
    operations.deactivate(products=[mug.pk])
    assert found(client, "harbour") == []
    assert not Listing.objects.filter(product=mug).exists()
    operations.activate(products=[mug.pk])
    assert found(client, "harbour") == ["Harbour mug"]


def test_what_is_in_a_hidden_category_is_not_found(client, shop):
    category = Product.objects.get(title="Harbour mug").category
    values = {"slug": category.slug, "title": category.title}
    operations.save_category(**values, active=False)
    assert found(client, "harbour") == []
    operations.save_category(**values)
    assert found(client, "harbour") == ["Harbour mug"]


def test_a_change_that_is_undone_leaves_no_trace(client, shop):
    mug = Product.objects.get(title="Harbour mug")
    with transaction.atomic():
        operations.save_product(
            slug=mug.slug, title="Pier beaker", description="x", category=mug.category.slug
        )
        transaction.set_rollback(True)
    assert found(client, "beaker") == []
    assert found(client, "harbour") == ["Harbour mug"]


# The API ----------------------------------------------------------------------------------------
def test_the_api_finds_the_same(client, shop):
    answer = client.get("/api/v1/products/?q=mug").json()
    assert [row["title"] for row in answer["results"]] == ["Harbour mug", "Café au lait bowl"]
    by_title = client.get("/api/v1/products/?q=mug&ordering=title").json()
    assert [row["title"] for row in by_title["results"]] == ["Café au lait bowl", "Harbour mug"]


def test_the_best_come_in_pages(client, monkeypatch):
    monkeypatch.setattr("apps.products.api.pages.PAGE_SIZE", 2)
    for number in range(5):
        sell(f"Mug {number}")
    address, titles = "/api/v1/products/?q=mug", []
    while address:
        answer = client.get(address).json()
        titles += [row["title"] for row in answer["results"]]
        address = answer["next"]
    assert titles == [f"Mug {number}" for number in (4, 3, 2, 1, 0)]  # of equals the newest


def test_nothing_is_best_without_words(client):
    assert client.get("/api/v1/products/?ordering=best").status_code == 400


# Suggestions ------------------------------------------------------------------------------------
def test_suggestions_lead_to_categories_and_products(client, shop, django_assert_num_queries):
    CategoryFactory(title="Mugs and cups", slug="mugs")
    with django_assert_num_queries(3):
        answer = client.get("/products/suggest/?q=mu")
    assert answer["Cache-Control"] == "public, max-age=60"
    assert answer.json()["suggestions"] == [
        {"label": "Mugs and cups", "kind": "Category", "url": "/products/c/mugs/"},
        *(
            {"label": product.title, "kind": "", "url": f"/products/{product.slug}/"}
            for product in Product.objects.filter(title__in=["Harbour mug", "Café au lait bowl"])
        ),
    ]


def test_no_words_suggest_nothing(client, shop):
    assert client.get("/products/suggest/?q=!").json() == {"suggestions": []}


# Words ------------------------------------------------------------------------------------------
def test_words_are_small_and_bare():
    assert normal("Crème brûlée, 20 cm (No. 5)") == "creme brulee 20 cm no 5"
    assert asked("the Mug, the mug!") == ["mug"]
    assert asked("the") == ["the"]
    assert asked("?!") == []
    assert len(asked(" ".join(f"w{n}" for n in range(20)))) == 8


@pytest.mark.parametrize(
    ("one", "other", "count"),
    [("mug", "mug", 0), ("mgu", "mug", 1), ("mugs", "mug", 1), ("mag", "mug", 1), ("", "ab", 2)],
)
def test_slips_are_counted(one, other, count):
    assert slips(one, other) == slips(other, one) == count


@pytest.mark.engine("postgresql")
def test_likeness_is_postgresqls():
    with connection.cursor() as cursor:
        for pair in [("mug", "mgu"), ("headphones", "headphnes"), ("lamp", "lantern")]:
            cursor.execute("SELECT similarity(%s, %s)", pair)
            assert likeness(*pair) == pytest.approx(cursor.fetchone()[0], abs=1e-6)


@pytest.mark.engine("postgresql")
def test_without_trigrams_fewer_words_are_respelt(shop, monkeypatch):
    words = ["headphnes", "ueadphones"]
    assert respelt(words) == ["headphones", "headphones"]
    monkeypatch.setattr(postgresql, "has_trigrams", lambda: False)
    assert engine().alike("headphnes") == []
    assert respelt(words) == ["headphones", "ueadphones"]


@pytest.mark.engine("postgresql")
def test_a_missing_extension_is_told(monkeypatch):
    from apps.products.checks import NO_TRIGRAMS, check_trigrams

    assert check_trigrams(None, ["default"]) == []
    monkeypatch.setattr(postgresql, "has_trigrams", lambda: False)
    assert check_trigrams(None, ["default"]) == [NO_TRIGRAMS]
    assert check_trigrams(None, None) == []


def test_words_in_use_are_those_of_products(shop):
    assert set(Word.objects.values_list("text", flat=True)) >= {"harbour", "mug", "blue", "cafe"}
    assert Word.objects.filter(text="stoneware").exists()
