"""The category tree."""

from django.db import transaction

from apps.products import queries
from apps.products.models import LEVELS, Category, CategorySlug, Variant
from apps.products.operations.rows import store, take_turns
from apps.products.operations.telling import renew


class TooDeep(ValueError):
    """A category may have a parent and a grandparent, and cannot be below itself."""


@transaction.atomic
def save_category(
    *, slug: str, title: str, parent: str | None = None, position: int = 0, active: bool = True
) -> Category:
    """Create or change the category with that slug, below the one with the slug `parent`.

    Hiding, showing or moving it does so to every article below. Raises TooDeep,
    Category.DoesNotExist (no such parent), and ValidationError for a slug that was another's;
    then nothing has changed.
    """
    take_turns()
    above = Category.objects.get(slug=parent) if parent else None
    values = {"title": title, "parent": above, "position": position, "active": active}
    seen = set(queries.category_tree())
    category, changed = store(Category, {"slug": slug}, values)
    if not changed:
        return category
    _remember(category)
    _check_depth()
    if turned := seen ^ set(queries.category_tree()):
        renew(Variant.objects.filter(product__category__slug__in=_with_below(turned)))
    return category


@transaction.atomic
def move_category(*, slug: str, to: str) -> Category:
    """Give the category another slug; the old one leads to it for ever. No article changes.

    Raises Category.DoesNotExist, and ValidationError for a slug that is or was another's; then
    nothing has changed.
    """
    take_turns()
    category = Category.objects.get(slug=slug)
    _remember(category)
    category.slug = to
    category.full_clean()
    category.save(update_fields=["slug"])
    _remember(category)
    return category


def _remember(category: Category) -> None:
    CategorySlug.objects.get_or_create(slug=category.slug, defaults={"category": category})


def _check_depth() -> None:
    parents = dict(Category.objects.values_list("pk", "parent_id"))
    for start in parents:
        at, steps = parents[start], 1
        while at is not None:
            at, steps = parents[at], steps + 1
            if steps > LEVELS:
                raise TooDeep


def _with_below(slugs: set[str]) -> set[str]:
    """The slugs and those of everything below them, hidden or not."""
    below = Category.objects.filter(parent__slug__in=slugs).values_list("slug", flat=True)
    return slugs | _with_below(set(below)) if below else slugs
