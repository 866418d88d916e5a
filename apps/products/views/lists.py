"""The lists of products: everything, a category, or what somebody looks for."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from apps.products import queries
from apps.products.asking import Asking, asking
from apps.products.search import asked
from apps.products.structured import list_data, painting_address
from apps.products.views.moved import moved

PAGE_SIZE = 24  # fills rows of two, three and four
SUGGESTIONS_MAX_AGE = 60  # seconds
SORTS = {
    queries.BEST: "Best match",
    queries.TAKEN_IN: "Featured",
    "newest": "Newest",
    "price": "Price, lowest first",
    "-price": "Price, highest first",
    "title": "Name, A to Z",
    "-title": "Name, Z to A",
}


@require_safe
def product_list(request: HttpRequest, slug: str | None = None) -> HttpResponse:
    """All products or those of a category and all below it, as the address narrows them down."""
    tree = queries.category_tree()
    if slug is not None and slug not in tree:
        now = queries.category_at(slug)
        if now not in tree:
            raise Http404("There is no such category.")
        return moved(request, "products:category", now)
    said = asking(request.GET, tree[slug] if slug else None)
    context = _context(request, said, tree)
    # What the form is answered with takes its place on the page; "back" asks for a whole one.
    part = request.htmx and not request.htmx.history_restore_request  # type: ignore[attr-defined]
    response = render(request, f"products/list.html{'#listing' if part else ''}", context)
    if part:
        response.headers["HX-Push-Url"] = request.path + said.query
    patch_vary_headers(response, ["HX-Request"])
    return response


@require_safe
@cache_control(public=True, max_age=SUGGESTIONS_MAX_AGE)
def suggest(request: HttpRequest) -> HttpResponse:
    """Where what is being typed may lead: categories and products, each with its address."""
    words = asked(request.GET.get("q", ""))
    tree = queries.category_tree()
    found = [
        {"label": branch.title, "kind": "Category", "url": _category(branch.slug)}
        for branch in queries.branches_like(words, tree)
    ]
    found += [
        {"label": card.title, "kind": "", "url": reverse("products:product", args=[card.slug])}
        for card in queries.suggested(words, tree)
    ]
    return JsonResponse({"suggestions": found})


def _context(request: HttpRequest, said: Asking, tree: queries.Tree) -> dict[str, Any]:
    found = queries.find(said.wish, said.words, tree, size=PAGE_SIZE)
    branch, shelf = said.wish.branch, found.shelf
    path = branch.path if branch else ()
    plain = said.address == "?"
    context = {
        "category": branch,
        "path": path[:-1],
        "asking": said,
        "found": found,
        "facets": queries.facets(found.wish, shelf, tree),
        "cards": shelf.cards,
        "before": shelf.before and said.page(shelf.before),
        "after": shelf.after and said.page(shelf.after),
        "sorts": {key: name for key, name in SORTS.items() if key != queries.BEST or said.text},
        "alike": queries.branches_like(said.words, tree),
        "open": bool(request.htmx),  # type: ignore[attr-defined]  # the form was being used
        "indexed": plain,
        "canonical": request.build_absolute_uri() if plain and said.wish.at else _bare(request),
        "data": list_data(request, path, shelf.cards) if plain else None,
        "painting": painting_address(request, shelf.cards[0].picture if shelf.cards else ""),
    }
    # By all that it shows, so that a fragment that is kept is never an old one.
    shown = ("asking", "facets", "cards", "before", "after", "alike", "open")
    nearest = (found.respelt, found.nearest)
    return context | {"shown": (request.path, *nearest, *(context[name] for name in shown))}


def _bare(request: HttpRequest) -> str:
    return request.build_absolute_uri(request.path)


def _category(slug: str) -> str:
    return reverse("products:category", args=[slug])
