"""GET /api/v1/products/: the catalogue for everyone."""

from collections.abc import Iterable
from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.fields import UUIDField
from rest_framework.pagination import Cursor, CursorPagination
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.products import queries
from apps.products.api.serializers import CategorySerializer, ProductSerializer
from apps.products.models import Product


class ProductPages(CursorPagination):
    ordering = "id"
    page_size = 20

    def decode_cursor(self, request: Request) -> Cursor | None:
        """Refuses a forged position, which the database would choke on."""
        cursor = super().decode_cursor(request)
        if cursor and cursor.position is not None:
            try:
                UUIDField().run_validation(cursor.position)
            except ValidationError:
                raise NotFound(self.invalid_cursor_message) from None
        return cursor


class Products(APIView):
    """What is for sale, in pages; `?category=` takes one category and all below it."""

    permission_classes = [AllowAny]
    pagination_class = ProductPages

    @extend_schema(
        responses=ProductSerializer(many=True),
        parameters=[OpenApiParameter("category", str, description="A category's slug.")],
    )
    def get(self, request: Request) -> Response:
        tree = queries.category_tree()
        slug = request.query_params.get("category")
        if slug is not None and slug not in tree:
            raise ValidationError({"category": ["There is no such category."]})
        paginator = ProductPages()
        found = queries.products(tree, tree[slug] if slug is not None else None)
        page = paginator.paginate_queryset(found, request, view=self) or []
        return paginator.get_paginated_response(_as_json(page))


class ProductDetail(APIView):
    """One product with what it costs and what is there."""

    permission_classes = [AllowAny]

    @extend_schema(responses=ProductSerializer)
    def get(self, request: Request, slug: str) -> Response:
        product = queries.products(queries.category_tree()).filter(slug=slug).first()
        if product is None:
            raise NotFound
        return Response(_as_json([product])[0])


class Categories(APIView):
    """The visible categories, parents before what is below them."""

    permission_classes = [AllowAny]

    @extend_schema(responses=CategorySerializer(many=True))
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


def _as_json(page: Iterable[Product]) -> list[dict[str, Any]]:
    shown = list(page)
    stock = queries.stock_of(
        variant.sku for product in shown for variant in queries.on_sale(product)
    )
    return list(ProductSerializer(shown, many=True, context={"stock": stock}).data)
