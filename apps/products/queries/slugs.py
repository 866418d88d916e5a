"""Where old addresses lead."""

from apps.products.models import CategorySlug, ProductSlug


def product_at(slug: str) -> str | None:
    """The slug that the product for sale has now which once had this one; None without any."""
    found = ProductSlug.objects.filter(slug=slug, product__listed=True)
    return found.exclude(product__slug=slug).values_list("product__slug", flat=True).first()


def category_at(slug: str) -> str | None:
    """The slug that the category has now which once had this one; None without any."""
    found = CategorySlug.objects.filter(slug=slug).exclude(category__slug=slug)
    return found.values_list("category__slug", flat=True).first()
