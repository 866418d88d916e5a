"""The catalogue's pages."""

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from apps.products import pictures, queries

PAGE_SIZE = 12  # fills rows of two, three and four
PICTURE_MAX_AGE = 30 * 24 * 3600  # seconds; a picture changes only with the code


@require_safe
def product_list(request: HttpRequest, slug: str | None = None) -> HttpResponse:
    """All products, or those of a category and all below it."""
    tree = queries.category_tree()
    if slug is not None and slug not in tree:
        raise Http404("There is no such category.")
    branch = tree[slug] if slug else None
    page = Paginator(queries.products(tree, branch), PAGE_SIZE).get_page(request.GET.get("page"))
    context = {
        "category": branch,
        "path": branch.path[:-1] if branch else (),
        "categories": queries.children(tree, branch),
        "page": page,
        "cards": queries.cards(page.object_list),
    }
    return render(request, "products/list.html", context)


@require_safe
def product(request: HttpRequest, slug: str) -> HttpResponse:
    """One product; `?sku=` chooses the variant, else the first that can be bought."""
    tree = queries.category_tree()
    shown = get_object_or_404(queries.products(tree), slug=slug)
    variants = queries.on_sale(shown)
    stock = queries.stock_of(variant.sku for variant in variants)
    by_sku = {variant.sku: variant for variant in variants}
    buyable = [variant for variant in variants if stock.get(variant.sku) != 0]
    chosen = by_sku.get(request.GET.get("sku", "")) or (buyable or variants)[0]
    context = {
        "product": shown,
        "path": tree[shown.category.slug].path,
        "variant": chosen,
        "variants": variants,
        "available": stock.get(chosen.sku),
    }
    return render(request, "products/product.html", context)


@require_safe
@cache_control(public=True, max_age=PICTURE_MAX_AGE)
def picture(request: HttpRequest, name: str) -> HttpResponse:
    """The picture of a recipe."""
    if not pictures.exists(name):
        raise Http404("There is no such picture.")
    return HttpResponse(pictures.draw(name), content_type="image/svg+xml")
