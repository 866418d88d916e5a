"""The page of a product, its reviews and its pictures."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_http_methods, require_safe

from apps.products import operations, pictures, queries
from apps.products.forms import ReviewForm
from apps.products.models import Product, Review
from apps.products.shoppers import ReviewThrottle, customer_of, waiting_of
from apps.products.structured import painting_address, product_data, trail_data
from apps.products.views.moved import moved

REVIEWS_SHOWN = 5  # on the product's own page
REVIEWS_A_PAGE = 20
RELATED = 4
PICTURE_MAX_AGE = 30 * 24 * 3600  # seconds; a picture changes only with the code


@require_safe
def product(request: HttpRequest, slug: str) -> HttpResponse:
    """One product; `?sku=` chooses the variant, else the first that can be bought."""
    shown = queries.in_detail(slug, customer_of(request))
    if shown is None:
        return moved(request, "products:product", queries.product_at(slug))
    return _product_page(request, shown)


@require_http_methods(["GET", "HEAD", "POST"])
def reviews(request: HttpRequest, slug: str) -> HttpResponse:
    """What buyers say, page by page; a POST writes one's own."""
    if request.method == "POST":
        return _write_review(request, slug)
    shown = queries.products().filter(slug=slug).first()
    if shown is None:
        return moved(request, "products:reviews", queries.product_at(slug))
    pages = Paginator(queries.approved_reviews(shown.pk), REVIEWS_A_PAGE)
    context = {"product": shown, "page": pages.get_page(request.GET.get("page"))}
    return render(request, "products/reviews.html", context)


@require_safe
@cache_control(public=True, max_age=PICTURE_MAX_AGE)
def picture(request: HttpRequest, name: str) -> HttpResponse:
    """The picture of a recipe."""
    return HttpResponse(pictures.draw(_known(name)), content_type="image/svg+xml")


@require_safe
@cache_control(public=True, max_age=PICTURE_MAX_AGE)
def painting(request: HttpRequest, name: str) -> HttpResponse:
    """The same in pixels."""
    return HttpResponse(pictures.paint(_known(name)), content_type="image/png")


def _known(name: str) -> str:
    if not pictures.exists(name):
        raise Http404("There is no such picture.")
    return name


def _write_review(request: HttpRequest, slug: str) -> HttpResponse:
    customer = customer_of(request)
    shown = queries.in_detail(slug, customer)
    if shown is None:
        return moved(request, "products:reviews", queries.product_at(slug))
    page = reverse("products:product", args=[slug])
    if customer is None:
        return redirect_to_login(page)
    form = ReviewForm(request.POST)
    if not ReviewThrottle().allow_request(request, None):  # type: ignore[arg-type]
        form.add_error(None, "That is a lot of reviews. Please try again in an hour.")
        return _product_page(request, shown, form, status=429)
    if not form.is_valid():
        return _product_page(request, shown, form, status=422)
    try:
        operations.write_review(customer_id=customer, product_id=shown.pk, **form.cleaned_data)
    except operations.NotBought:
        messages.error(request, "Only customers who have bought it may review it.")
        return redirect(page)
    messages.success(request, "Thank you! Your review is shown as soon as we have read it.")
    return redirect(page)


def _product_page(
    request: HttpRequest, shown: Product, form: ReviewForm | None = None, *, status: int = 200
) -> HttpResponse:
    variants = shown.on_offer  # type: ignore[attr-defined]
    variant = queries.first_to_show(variants, request.GET.get("sku", ""))
    available = queries.units_of(variant)
    said, own = _reviews(request, shown)
    path, slug = queries.path_of(shown.category), shown.slug
    context = {
        "product": shown,
        "path": path,
        "variant": variant,
        "axes": queries.axes(variants, variant),
        "pictures": queries.gallery(shown, variant),
        "available": available,
        "reviews": said,
        "form": form or own,
        "related": queries.related(shown, count=RELATED),
        "data": [
            product_data(request, shown, variant, available=available),
            trail_data(request, path, here=shown.title),
        ],
        "painting": painting_address(request, variant.picture),
        "currency": settings.SHOP_CURRENCY,
        "address": request.build_absolute_uri(reverse("products:product", args=[slug])),
    }
    if available == 0:
        context |= waiting_of(request, variant.sku)
    return render(request, "products/product.html", context, status=status)


def _reviews(request: HttpRequest, shown: Product) -> tuple[list[Review], ReviewForm | None]:
    """The newest, and for a buyer the form with what they wrote, to be written anew."""
    customer = customer_of(request)
    if customer is None or not shown.bought:  # type: ignore[attr-defined]
        approved = queries.approved_reviews(shown.pk)
        return list(approved[:REVIEWS_SHOWN]) if shown.rating_count else [], None
    said, mine = queries.newest_and_own(shown.pk, customer_id=customer, count=REVIEWS_SHOWN)
    names = ("rating", "title", "text", "author")
    known: dict[str, Any] = {name: getattr(mine, name) for name in names} if mine else {}
    # Never the e-mail address, which is what people without a name are called elsewhere.
    return said, ReviewForm(initial=known or {"author": getattr(request.user, "name", "")})
