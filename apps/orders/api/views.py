"""The API of orders: /api/v1/orders/."""

import json
from collections.abc import Callable
from hashlib import sha256
from typing import Any
from uuid import UUID

from django.urls import reverse
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.exceptions import NotAuthenticated, NotFound, ValidationError
from rest_framework.fields import DateTimeField
from rest_framework.generics import ListAPIView
from rest_framework.pagination import Cursor, CursorPagination
from rest_framework.permissions import AllowAny, BasePermission, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.orders import operations, queries
from apps.orders.access import access_token, owner_of
from apps.orders.api.problems import KeyMissing, Refused
from apps.orders.api.serializers import (
    NewOrder,
    NewOrderSerializer,
    OrderConflict,
    OrderSerializer,
    PaymentMethod,
    Reason,
    StepSerializer,
    TimelineSerializer,
)
from apps.orders.models import Order
from apps.orders.operations import Address, Answer, Placed
from apps.orders.refusals import NotCancellable, Refusal
from apps.orders.wording import timeline_of

TOKEN_HEADER = "Order-Token"  # noqa: S105
KEY = OpenApiParameter(
    "Idempotency-Key",
    str,
    OpenApiParameter.HEADER,
    required=True,
    description="1 to 255 printable ASCII characters, new for each order: sent again with the same"
    " body, the answer is the same and nothing happens twice; with another body, 422.",
)
REPLAYED = OpenApiParameter(
    "Idempotent-Replayed", bool, OpenApiParameter.HEADER, response=[200, 201]
)
OWNER: list[Any] = [{"jwtAuth": []}, {"cartToken": []}]
HOLDER: list[Any] = [*OWNER, {"orderToken": []}]
PLACED: dict[int, Any] = {201: NewOrderSerializer, 200: NewOrderSerializer, 409: OrderConflict}


class NewestFirst(CursorPagination):
    ordering = ("-placed_at", "id")

    def decode_cursor(self, request: Request) -> Cursor | None:
        """Refuses a forged position, which the database would choke on."""
        cursor = super().decode_cursor(request)
        if cursor and cursor.position is not None:
            try:
                DateTimeField().run_validation(cursor.position)
            except ValidationError:
                raise NotFound(self.invalid_cursor_message) from None
        return cursor


class Orders(ListAPIView):
    """The signed-in customer's orders, the newest first."""

    serializer_class = OrderSerializer
    pagination_class = NewestFirst

    def get_permissions(self) -> list[BasePermission]:
        return [AllowAny() if self.request.method == "POST" else IsAuthenticated()]

    def get_queryset(self) -> Any:
        return queries.orders_of(owner_of(self.request))

    @extend_schema(
        request=NewOrder,
        responses=PLACED
        | {403: None, 422: OpenApiResponse(description="The key came with another body before.")},
        parameters=[KEY, REPLAYED],
        auth=OWNER,
    )
    def post(self, request: Request) -> Response:
        """Place an order from a signed quote.

        201 with the new order; 200 with the order that the quote made before.
        """
        owner = owner_of(request)
        if owner is None:
            raise NotAuthenticated("Send your Cart-Token, or sign in.")
        key = _idempotency_key(request)
        wanted = NewOrder(data=request.data)
        wanted.is_valid(raise_exception=True)
        answer = _or_refused(
            lambda: operations.answer_once(
                owner=owner,
                request=f"{request.method} {request.path}",
                key=key,
                fingerprint=_fingerprint(request.data),
                act=lambda: _answer(request, _place(owner, wanted.validated_data)),
            )
        )
        response = Response(_with_token(answer.body, owner), status=answer.status)
        response["Location"] = reverse("orders-api:detail", args=[answer.body["id"]])
        if answer.replayed:
            response["Idempotent-Replayed"] = "true"
        return response


class OfOrder(APIView):
    """Open to the order's owner and to whoever sends its Order-Token; 404 for others."""

    permission_classes = [AllowAny]

    def order(self, order_id: UUID) -> Order:
        token = self.request.headers.get(TOKEN_HEADER, "")
        order = queries.order_for(order_id, owner=owner_of(self.request), token=token)
        if order is None:
            raise NotFound
        return order


@extend_schema(responses=OrderSerializer, auth=HOLDER)
class OneOrder(OfOrder):
    """The order as it is now."""

    def get(self, request: Request, order_id: UUID) -> Response:
        return Response(_as_json(request, self.order(order_id)))


@extend_schema(responses=TimelineSerializer, auth=HOLDER)
class Timeline(OfOrder):
    """What happened to the order, and what is still to come."""

    def get(self, request: Request, order_id: UUID) -> Response:
        order = self.order(order_id)
        steps = StepSerializer(timeline_of(order), many=True).data
        return Response({"order": str(order.pk), "status": order.status, "steps": steps})


@extend_schema(
    request=Reason,
    responses={200: OrderSerializer, 409: OpenApiResponse(description="It is too late.")},
    auth=HOLDER,
)
class Cancel(OfOrder):
    """Cancel the order; 409 when it is too late."""

    def post(self, request: Request, order_id: UUID) -> Response:
        order = self.order(order_id)
        told = Reason(data=request.data)
        told.is_valid(raise_exception=True)
        reason = told.validated_data["reason"]
        if not operations.cancel_order(order_id=order.pk, by="customer", reason=reason):
            raise Refused(NotCancellable())
        return Response(_as_json(request, self.order(order_id)))


@extend_schema(request=PaymentMethod, responses=PLACED, auth=HOLDER)
class Retry(OfOrder):
    """Pay a FAILED order again: 201 with the new order, 200 with the one that exists."""

    def post(self, request: Request, order_id: UUID) -> Response:
        order = self.order(order_id)
        payment = PaymentMethod(data=request.data)
        payment.is_valid(raise_exception=True)
        placed = _or_refused(
            lambda: operations.retry_order(
                order_id=order.pk, owner=owner_of(request), **payment.validated_data
            )
        )
        answer = _answer(request, placed)
        return Response(_with_token(answer.body, placed.order.owner), status=answer.status)


def _place(owner: str, fields: dict[str, Any]) -> Placed:
    return operations.place_order(
        quote=fields["quote"],
        owner=owner,
        email=fields["email"],
        address=Address(**fields["shipping_address"]),
        payment_method=fields["payment_method"],
    )


def _or_refused[T](act: Callable[[], T]) -> T:
    try:
        return act()
    except Refusal as refusal:
        raise Refused(refusal) from refusal


def _answer(request: Request, placed: Placed) -> Answer:
    return Answer(status=201 if placed.created else 200, body=_as_json(request, placed.order))


def _as_json(request: Request, order: Order) -> dict[str, Any]:
    """Plain data, so that a stored answer is the same as a fresh one."""
    data = OrderSerializer(order, context={"request": request}).data
    return dict(data) | {"id": str(order.pk), "retry_of": order.retry_of and str(order.retry_of)}


def _with_token(body: dict[str, Any], owner: str) -> dict[str, Any]:
    """The answer with the guest's token, which is derived and never stored."""
    guest = not owner.startswith("user:")
    return body | {"access_token": access_token(UUID(body["id"])) if guest else None}


def _idempotency_key(request: Request) -> str:
    key = request.headers.get("Idempotency-Key", "")
    if not (0 < len(key) <= 255 and key.isascii() and key.isprintable()):
        raise KeyMissing
    return str(key)


def _fingerprint(body: Any) -> str:
    canonical = json.dumps(body, sort_keys=True, separators=(",", ":"))
    return sha256(canonical.encode()).hexdigest()
