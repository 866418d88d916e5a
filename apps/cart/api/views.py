"""/api/v1/cart/: the cart of whoever is signed in or sends a `Cart-Token`."""

from typing import Any

from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer
from rest_framework.views import APIView

from apps.cart import operations, queries, shoppers
from apps.cart.api.errors import refusals
from apps.cart.api.serializers import (
    AddSerializer,
    DeliverySerializer,
    QuantitySerializer,
    cart_json,
    quote_json,
)


class CartDetail(APIView):
    permission_classes = [AllowAny]

    def get(self, request: Request) -> Response:
        return Response(cart_json(queries.contents(shoppers.owner(request))))


class Lines(APIView):
    """POST {sku, quantity}: that many more; the first answer to a stranger brings a token."""

    permission_classes = [AllowAny]

    def post(self, request: Request) -> Response:
        wanted = _read(AddSerializer, request)
        owner, token = shoppers.owner_or_new(request)
        with refusals():
            put = operations.add_line(owner=owner, **wanted)
        headers = {shoppers.HEADER: token} if token else None
        return Response(_answer(owner, put), status=201, headers=headers)


class LineDetail(APIView):
    """PUT or PATCH {quantity}: have that many, 0 takes it out. DELETE takes it out."""

    permission_classes = [AllowAny]

    def put(self, request: Request, sku: str) -> Response:
        wanted = _read(QuantitySerializer, request)
        owner = shoppers.owner(request) or ""
        with refusals():
            put = operations.set_quantity(owner=owner, sku=sku, **wanted)
        return Response(_answer(owner, put))

    patch = put

    def delete(self, request: Request, sku: str) -> Response:
        with refusals():
            operations.remove_line(owner=shoppers.owner(request) or "", sku=sku)
        return Response(status=204)


class QuoteMaker(APIView):
    """POST {country, shipping_method?}: a signed offer for what is in the cart."""

    permission_classes = [AllowAny]

    def post(self, request: Request) -> Response:
        delivery = _read(DeliverySerializer, request)
        with refusals():
            signed = operations.make_quote(owner=shoppers.owner(request), **delivery)
        return Response(quote_json(signed))


def _read(serializer: type[Serializer[Any]], request: Request) -> dict[str, Any]:
    """What was sent. Raises ValidationError."""
    sent = serializer(data=request.data)
    sent.is_valid(raise_exception=True)
    return dict(sent.validated_data)


def _answer(owner: str, put: operations.Put) -> dict[str, Any]:
    return cart_json(queries.contents(owner), notices=[put.notice] if put.notice else [])
