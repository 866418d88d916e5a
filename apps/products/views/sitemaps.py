"""What search engines are told of: an index of maps, and in each the addresses of many products."""

from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from apps.products import queries

MAX_AGE = 3600  # seconds


@require_safe
@cache_control(public=True, max_age=MAX_AGE)
def sitemap(request: HttpRequest) -> HttpResponse:
    """`?from=` an id: the products from there on. Without: the maps that there are, and the first
    tells the categories as well."""
    begin = request.GET.get("from")
    if begin is None:
        maps = [
            request.build_absolute_uri(f"{request.path}?from={first}")
            for first in queries.map_beginnings()
        ]
        return _xml(request, "products/sitemap_index.xml", {"addresses": maps})
    try:
        slugs = queries.mapped(UUID(begin))
    except ValueError as error:
        raise Http404("There is no such map.") from error
    paths = [reverse("products:product", args=[slug]) for slug in slugs]
    if UUID(begin).int == 0:
        tree = queries.category_tree()
        paths = [reverse("products:category", args=[slug]) for slug in tree] + paths
    addresses = [request.build_absolute_uri(path) for path in paths]
    return _xml(request, "products/sitemap.xml", {"addresses": addresses})


def _xml(request: HttpRequest, template: str, context: dict[str, list[str]]) -> HttpResponse:
    return render(request, template, context, content_type="application/xml")
