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


class CartDetail(APIView):
    permission_classes = [AllowAny]

    def get(self, request: Request) -> Response:
        owner = shoppers.owner(request)
        return Response(cart_json(queries.contents(owner), notices=shoppers.notices(request)))


class Lines(APIView):
    """POST {sku, quantity}: that many more; the first answer to a stranger brings a token."""

    permission_classes = [AllowAny]

    def post(self, request: Request) -> Response:
        wanted = _read(AddSerializer, request)
        owner, token = shoppers.owner_or_new(request)
        with refusals():
            put = operations.add_line(owner=owner, **wanted)
        headers = {shoppers.HEADER: token} if token else None
        return Response(_answer(request, owner, put), status=201, headers=headers)


class AddAgain(APIView):
    """POST {lines: [{sku, quantity}]}: all of an order once more, as far as it can be had."""

    permission_classes = [AllowAny]

    def post(self, request: Request) -> Response:
        lines = [Line(**line) for line in _read(AgainSerializer, request)["lines"]]
        owner, token = shoppers.owner_or_new(request)
        result = operations.add_again(owner=owner, lines=lines)
        headers = {shoppers.HEADER: token} if token and result.added else None
        body = again_json(queries.contents(owner), result, shoppers.notices(request))
        return Response(body, headers=headers)


class LineDetail(APIView):
    """PUT or PATCH {quantity}: have that many, 0 takes it out. DELETE takes it out."""

    permission_classes = [AllowAny]

    def put(self, request: Request, sku: str) -> Response:
        wanted = _read(QuantitySerializer, request)
        owner = shoppers.owner(request) or ""
        with refusals():
            put = operations.set_quantity(owner=owner, sku=sku, **wanted)
        return Response(_answer(request, owner, put))

    patch = put

    def delete(self, request: Request, sku: str) -> Response:
        with refusals():
            operations.remove_line(owner=shoppers.owner(request) or "", sku=sku)
        return Response(status=204)


class CouponDetail(APIView):
    """PUT {code}: have the coupon in the cart. DELETE takes it out."""

    permission_classes = [AllowAny]

    def put(self, request: Request) -> Response:
        code = _read(CouponSerializer, request)["code"]
        owner = shoppers.owner(request)
        with refusals(), trying_a_code(request):
            operations.apply_coupon(owner=owner, code=code)
        return Response(cart_json(queries.contents(owner)))

    def delete(self, request: Request) -> Response:
        operations.remove_coupon(owner=shoppers.owner(request))
        return Response(status=204)


class Accept(APIView):
    """POST {changes_id}: agree to the changes that the cart, or a refused quote, has told of."""

    permission_classes = [AllowAny]

    def post(self, request: Request) -> Response:
        seen = _read(AcceptSerializer, request)
        owner = shoppers.owner(request)
        with refusals():
            operations.accept_changes(owner=owner, **seen)
        return Response(cart_json(queries.contents(owner)))


class DeliveryList(APIView):
    """Where we send to, how, and what it costs."""

    permission_classes = [AllowAny]

    def get(self, request: Request) -> Response:
        return Response(delivery_json())


class QuoteMaker(APIView):
    """POST {country, shipping_method?, coupon?}: a signed offer for what is in the cart."""

    permission_classes = [AllowAny]

    def post(self, request: Request) -> Response:
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


def _answer(request: Request, owner: str, put: operations.Put) -> dict[str, Any]:
    notices = [*shoppers.notices(request), *([put.notice] if put.notice else [])]
    return cart_json(queries.contents(owner), notices=notices)
