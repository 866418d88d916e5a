"""/api/v1/cart/: the cart of whoever is signed in or sends a `Cart-Token`."""

from typing import Any

from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer
from rest_framework.views import APIView

from apps.cart import operations, queries, shoppers
from apps.cart.api import answers
from apps.cart.api.errors import refusals
from apps.cart.api.serializers import (
    AddSerializer,
    DeliverySerializer,
    QuantitySerializer,
    cart_json,
    quote_json,
)

OWNER: list[Any] = [{"jwtAuth": []}, {"cartToken": []}, {}]
NEW_TOKEN = OpenApiParameter(
    shoppers.HEADER,
    str,
    OpenApiParameter.HEADER,
    description="The new cart's secret, for a guest without one: send it along from now on.",
    response=[201],
)
SOLD_OUT = OpenApiResponse(description="The article is sold out.")


@extend_schema(auth=OWNER)
class CartDetail(APIView):
    """The cart as it is now; an empty one for a stranger."""

    permission_classes = [AllowAny]

    @extend_schema(responses=answers.Cart)
    def get(self, request: Request) -> Response:
        return Response(cart_json(queries.contents(shoppers.owner(request))))


@extend_schema(auth=OWNER)
class Lines(APIView):
    """POST {sku, quantity}."""

    permission_classes = [AllowAny]

    @extend_schema(
        request=AddSerializer,
        responses={201: answers.Cart, 409: SOLD_OUT},
        parameters=[NEW_TOKEN],
    )
    def post(self, request: Request) -> Response:
        """Put that many more of an article in; the first answer to a stranger brings a token."""
        wanted = _read(AddSerializer, request)
        owner, token = shoppers.owner_or_new(request)
        with refusals():
            put = operations.add_line(owner=owner, **wanted)
        headers = {shoppers.HEADER: token} if token else None
        return Response(_answer(owner, put), status=201, headers=headers)


@extend_schema(auth=OWNER)
class LineDetail(APIView):
    """PUT or PATCH {quantity}, or DELETE."""

    permission_classes = [AllowAny]

    @extend_schema(request=QuantitySerializer, responses={200: answers.Cart, 409: SOLD_OUT})
    def put(self, request: Request, sku: str) -> Response:
        """Have that many of the article; 0 takes it out."""
        wanted = _read(QuantitySerializer, request)
        owner = shoppers.owner(request) or ""
        with refusals():
            put = operations.set_quantity(owner=owner, sku=sku, **wanted)
        return Response(_answer(owner, put))

    patch = put

    @extend_schema(responses={204: None})
    def delete(self, request: Request, sku: str) -> Response:
        """Take the article out."""
        with refusals():
            operations.remove_line(owner=shoppers.owner(request) or "", sku=sku)
        return Response(status=204)


@extend_schema(auth=OWNER)
class QuoteMaker(APIView):
    """A signed offer for what is in the cart, POST {country, shipping_method?}."""

    permission_classes = [AllowAny]

    @extend_schema(
        request=DeliverySerializer, responses={200: answers.Quote, 409: answers.LinesProblem}
    )
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
