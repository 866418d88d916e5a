"""An article that the whole shop knows: in the catalogue, on the shelf, in the cart's prices."""

from decimal import Decimal

from factory import Factory, LazyAttribute, Sequence

from apps.inventory.operations import adjust_stock
from apps.products import operations as products
from shop.demo import drain


def stock_article(*, sku: str, slug: str, title: str, price: Decimal, units: int) -> str:
    """Put it into the catalogue and on the shelf, and let every context hear of it; its SKU."""
    products.save_category(slug="things", title="Things")
    products.save_product(slug=slug, title=title, description="A thing.", category="things")
    products.save_variant(sku=sku, product=slug, price=price, picture="mug-blue")
    drain()
    if units:
        adjust_stock(sku=sku, delta=units, reason="First stock", by="test")
        drain()
    return sku


class ArticleFactory(Factory):
    """`ArticleFactory(units=3)` makes a new article and gives its SKU."""

    class Meta:
        model = stock_article

    sku = Sequence(lambda n: f"TEST-{n}")
    slug = LazyAttribute(lambda article: article.sku.lower())
    title = LazyAttribute(lambda article: f"Thing {article.sku}")
    price = Decimal("10.00")
    units = 10
