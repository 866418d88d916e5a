"""/api/v1/products/: the catalogue for everyone, and what buyers say."""

from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.exceptions import APIException, NotAuthenticated, NotFound, ValidationError
from rest_framework.pagination import CursorPagination
from rest_framework.permissions import SAFE_METHODS, AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from apps.products import operations, queries
from apps.products.api import answers, shapes
from apps.products.api.pages import Keyset
from apps.products.api.serializers import ORDERINGS, Filters, ReviewWords
from apps.products.models import Product
from apps.products.search import asked as asked_for
from apps.products.shoppers import ReviewThrottle, customer_of

MOVED = OpenApiResponse(answers.Moved, description="It has another address now.")


class NotBought(APIException):
    status_code = 403
    default_detail = operations.NotBought.__doc__
    default_code = "not_bought"


class Products(APIView):
    """What is for sale, in pages. `category` takes one and all below it; `price_min`, `price_max`,
    `in_stock`, `on_sale`; `ordering` by price, -price, newest, title, -title. `q` finds words, best
    matches first; of the first thousand matches the best, as long as no other order is asked for."""

    permission_classes = [AllowAny]
    pagination_class = CursorPagination  # for the description; `Keyset` makes the pages

    @extend_schema(
        parameters=[Filters],
        responses={200: answers.ListedProduct(many=True), 301: MOVED},
    )
    def get(self, request: Request) -> Response:
        asked = Filters(data=request.query_params.dict())
        asked.is_valid(raise_exception=True)
        filters = asked.validated_data
        found = queries.products()
        if slug := filters.get("category"):
            tree = queries.category_tree()
            if slug not in tree:
                return _moved_category(request, queries.category_at(slug), tree)
            found = queries.products(tree, tree[slug])
        found = queries.filtered(found, **_bounds(filters))
        if "q" in filters:
            best = filters["ordering"] == "best"
            found = queries.searched(found, asked_for(filters["q"]), best=best)
        found = queries.with_variants(found)
        return Keyset(found, ORDERINGS[filters["ordering"]], request).response(shapes.listed)


class ProductDetail(APIView):
    """One product with its options, variants, pictures, prices, stock and rating."""

    permission_classes = [AllowAny]

    @extend_schema(responses={200: answers.DetailedProduct, 301: MOVED})
    def get(self, request: Request, slug: str) -> Response:
        product = queries.in_detail(slug)
        if product is None:
            return _moved(request, "detail", slug)
        return Response(shapes.detailed(product))


class Categories(APIView):
    """The visible categories, parents before what is below them."""

    permission_classes = [AllowAny]

    @extend_schema(responses=answers.Category(many=True))
    def get(self, request: Request) -> Response:
        return Response(
            [
                {
                    "slug": branch.slug,
                    "title": branch.title,
                    "parent": branch.parent.slug if branch.parent else None,
                }
                for branch in queries.category_tree().values()
            ]
        )


class Reviews(APIView):
    """The approved reviews, the newest first."""

    permission_classes = [AllowAny]
    pagination_class = CursorPagination  # for the description; `Keyset` makes the pages

    def get_throttles(self) -> list[BaseThrottle]:
        usual = super().get_throttles()
        return usual if self.request.method in SAFE_METHODS else [*usual, ReviewThrottle()]

    @extend_schema(responses={200: answers.ShownReview(many=True), 301: MOVED})
    def get(self, request: Request, slug: str) -> Response:
        product = _product(slug)
        if product is None:
            return _moved(request, "reviews", slug)
        found = queries.approved_reviews(product.pk)
        return Keyset(found, "-id", request).response(shapes.review)

    @extend_schema(
        request=ReviewWords,
        responses={
            200: OpenApiResponse(answers.OwnReview, description="In place of the one before."),
            201: answers.OwnReview,
            308: MOVED,
            403: OpenApiResponse(description="Only who has bought it may review it."),
        },
    )
    def post(self, request: Request, slug: str) -> Response:
        """Write the buyer's own review, or write it anew. It is shown when staff approve it."""
        customer = customer_of(request)
        if customer is None:
            raise NotAuthenticated
        product = _product(slug)
        if product is None:
            return _moved(request, "reviews", slug)
        words = ReviewWords(data=request.data)
        words.is_valid(raise_exception=True)
        try:
            written = operations.write_review(
                customer_id=customer, product_id=product.pk, **words.validated_data
            )
        except operations.NotBought as refusal:
            raise NotBought from refusal
        body = shapes.review(written.review) | {"status": written.review.status}
        return Response(body, status=HTTPStatus.CREATED if written.created else HTTPStatus.OK)


def _bounds(filters: dict[str, Any]) -> dict[str, Any]:
    names = ("price_min", "price_max", "in_stock", "on_sale")
    return {name: filters[name] for name in names if name in filters}


def _product(slug: str) -> Product | None:
    return queries.products().filter(slug=slug).first()


def _moved(request: Request, name: str, slug: str) -> Response:
    """Where the product is now, for good; 404 when it is nowhere."""
    now = queries.product_at(slug)
    if now is None:
        raise NotFound
    return _elsewhere(
        request, reverse(f"products-api:{name}", args=[now]), request.query_params.dict()
    )


def _moved_category(request: Request, now: str | None, tree: queries.Tree) -> Response:
    """The same list of the category as it is called now; else there is no such category."""
    if now not in tree:
        raise ValidationError({"category": ["There is no such category."]})
    asked = request.query_params.dict() | {"category": now}
    return _elsewhere(request, request.path, asked)


def _elsewhere(request: Request, path: str, query: dict[str, Any]) -> Response:
    """A reader follows by itself; a writer sends the same again (308 keeps the method)."""
    address = f"{path}?{urlencode(query)}" if query else path
    reading = request.method in SAFE_METHODS
    status = HTTPStatus.MOVED_PERMANENTLY if reading else HTTPStatus.PERMANENT_REDIRECT
    body = {"code": "moved", "detail": "It has another address now.", "location": address}
    return Response(body, status=status, headers={"Location": address})
