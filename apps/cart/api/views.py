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
    AcceptSerializer,
    AddSerializer,
    AgainSerializer,
    CouponSerializer,
    DeliverySerializer,
    QuantitySerializer,
    again_json,
    cart_json,
    delivery_json,
    quote_json,
)
from apps.cart.forms import Line
from apps.cart.tries import trying_a_code

OWNER: list[Any] = [{"jwtAuth": []}, {"cartToken": []}, {}]
NEW_TOKEN = OpenApiParameter(
    shoppers.HEADER,
    str,
    OpenApiParameter.HEADER,
    description="The new cart's secret, for a guest without one: send it along from now on.",
    response=[200, 201],
)
SOLD_OUT = OpenApiResponse(description="The article is sold out, or the cart is full.")
EMPTY = OpenApiResponse(description="The cart is empty.")


@extend_schema(auth=OWNER)
class CartDetail(APIView):
    """The cart as it is now; an empty one for a stranger."""

    permission_classes = [AllowAny]

    @extend_schema(responses=answers.Cart)
    def get(self, request: Request) -> Response:
        return Response(_cart(request, shoppers.owner(request)))


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
        return Response(_cart(request, owner, put), status=201, headers=headers)


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
        return Response(_cart(request, owner, put))

    patch = put

    @extend_schema(responses={204: None})
    def delete(self, request: Request, sku: str) -> Response:
        """Take the article out."""
        with refusals():
            operations.remove_line(owner=shoppers.owner(request) or "", sku=sku)
        return Response(status=204)


@extend_schema(auth=OWNER)
class AddAgain(APIView):
    """POST {lines: [{sku, quantity}]}."""

    permission_classes = [AllowAny]

    @extend_schema(
        request=AgainSerializer, responses={200: answers.CartAgain}, parameters=[NEW_TOKEN]
    )
    def post(self, request: Request) -> Response:
        """Put all of an order in once more. What cannot be had is told and left out."""
        lines = [Line(**line) for line in _read(AgainSerializer, request)["lines"]]
        owner, token = shoppers.owner_or_new(request)
        result = operations.add_again(owner=owner, lines=lines)
        headers = {shoppers.HEADER: token} if token and result.added else None
        body = again_json(queries.contents(owner), result, shoppers.notices(request))
        return Response(body, headers=headers)


@extend_schema(auth=OWNER)
class CouponDetail(APIView):
    """PUT {code}, or DELETE."""

    permission_classes = [AllowAny]

    @extend_schema(
        request=CouponSerializer,
        responses={200: answers.Cart, 409: EMPTY, 422: answers.CouponProblem},
    )
    def put(self, request: Request) -> Response:
        """Have the coupon in the cart, in place of the one it has. Quotes are made with it."""
        code = _read(CouponSerializer, request)["code"]
        owner = shoppers.owner(request)
        with refusals(), trying_a_code(request):
            operations.apply_coupon(owner=owner, code=code)
        return Response(_cart(request, owner))

    @extend_schema(responses={204: None})
    def delete(self, request: Request) -> Response:
        """Take the coupon out."""
        operations.remove_coupon(owner=shoppers.owner(request))
        return Response(status=204)


@extend_schema(auth=OWNER)
class Accept(APIView):
    """POST {changes_id}."""

    permission_classes = [AllowAny]

    @extend_schema(
        request=AcceptSerializer, responses={200: answers.Cart, 409: answers.ChangesProblem}
    )
    def post(self, request: Request) -> Response:
        """Agree to the changes that the cart, or a refused quote, has told of. What is gone is taken
        out, what is short is lowered; 409 with the present changes when these are not all."""
        seen = _read(AcceptSerializer, request)
        owner = shoppers.owner(request)
        with refusals():
            operations.accept_changes(owner=owner, **seen)
        return Response(_cart(request, owner))


@extend_schema(auth=[{}])  # type: ignore[list-item]
class DeliveryList(APIView):
    """Where we send to, how, what it costs, and the tax there."""

    permission_classes = [AllowAny]
    pagination_class = None

    @extend_schema(responses=answers.Destination(many=True))
    def get(self, request: Request) -> Response:
        return Response(delivery_json())


@extend_schema(auth=OWNER)
class QuoteMaker(APIView):
    """A signed offer for what is in the cart, POST {country, shipping_method?, coupon?}."""

    permission_classes = [AllowAny]

    @extend_schema(
        request=DeliverySerializer,
        responses={200: answers.Quote, 409: answers.ChangesProblem, 422: answers.CouponProblem},
    )
    def post(self, request: Request) -> Response:
        """A signed offer for what is in the cart. With `coupon`, that code is put into the cart
        first (null: the one in it is taken out); a use of it is held while the offer is good."""
        wanted = _read(DeliverySerializer, request)
        owner = shoppers.owner(request)
        with refusals():
            signed = _quote(request, owner, wanted)
        return Response(quote_json(signed))


def _quote(request: Request, owner: str | None, wanted: dict[str, Any]) -> operations.SignedQuote:
    if "coupon" not in wanted:
        return operations.make_quote(owner=owner, **wanted)
    wanted["coupon"] = wanted["coupon"] or ""
    with trying_a_code(request):
        return operations.make_quote_with(owner=owner, **wanted)


def _read(serializer: type[Serializer[Any]], request: Request) -> dict[str, Any]:
    """What was sent. Raises ValidationError."""
    sent = serializer(data=request.data)
    sent.is_valid(raise_exception=True)
    return dict(sent.validated_data)


def _cart(request: Request, owner: str | None, put: operations.Put | None = None) -> dict[str, Any]:
    """The cart as it is now, with what the shopper should hear of."""
    notices = [*shoppers.notices(request), *([put.notice] if put and put.notice else [])]
    return cart_json(queries.contents(owner), notices=notices)
