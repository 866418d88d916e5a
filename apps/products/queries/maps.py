"""The products in maps for search engines, cut by id: each map is read from an index."""

from uuid import UUID

from apps.products.models import Listing

A_MAP = 10_000  # addresses; search engines take 50,000


def map_beginnings() -> list[UUID]:
    """The id that each map begins at; the first is 0, whatever there is."""
    found, last = [UUID(int=0)], UUID(int=0)
    while True:
        rest = Listing.objects.filter(product__gte=last).order_by("product")
        after = rest.values_list("product", flat=True)[A_MAP : A_MAP + 1]
        if not (at := list(after)):
            return found
        last = at[0]
        found.append(last)


def mapped(begin: UUID) -> list[str]:
    """The slugs of the map that begins there."""
    rest = Listing.objects.filter(product__gte=begin).order_by("product")
    return list(rest.values_list("product__slug", flat=True)[:A_MAP])


def listed() -> int:
    """How many products there are in all lists together."""
    return Listing.objects.count()
