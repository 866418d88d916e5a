"""The API of orders for shoppers: /api/v1/orders/."""

from typing import Any
from uuid import UUID

from django.urls import reverse
from drf_spectacular.utils import OpenApiResponse, extend_schema, extend_schema_view
from rest_framework.exceptions import NotAuthenticated, NotFound
from rest_framework.generics import ListAPIView
from rest_framework.permissions import AllowAny, BasePermission, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.orders import operations, queries
from apps.orders.access import access_token, owner_of
from apps.orders.api.describing import HOLDER, KEPT, KEY, MAY_KEY, OWNER, PLACED, REPLAYED
from apps.orders.api.pages import Filters, NewestFirst
from apps.orders.api.permissions import manages_orders
from apps.orders.api.repeating import answered, respond
from apps.orders.api.serializers import (
    NewOrder,
    OrderSerializer,
    PaymentMethod,
    Reason,
    StepSerializer,
    TimelineSerializer,
    as_json,
)
from apps.orders.models import Order
from apps.orders.operations import Address, Answer, Placed
from apps.orders.refusals import NotCancellable
from apps.orders.wording import timeline_of

TOKEN_HEADER = "Order-Token"  # noqa: S105


@extend_schema_view(get=extend_schema(parameters=[Filters]))
class Orders(ListAPIView):
    """The signed-in customer's orders, the newest first."""

    serializer_class = OrderSerializer
    pagination_class = NewestFirst

    def get_permissions(self) -> list[BasePermission]:
        return [AllowAny() if self.request.method == "POST" else IsAuthenticated()]

    def get_queryset(self) -> Any:
        """By `status`, `placed_after` and `placed_before`; 400 for what is none."""
        wanted = Filters(data=self.request.query_params.dict())  # so that blank is no leaving out
        wanted.is_valid(raise_exception=True)
        return queries.orders_of(owner_of(self.request), **wanted.validated_data)

    @extend_schema(
        request=NewOrder,
        responses=PLACED | KEPT | {403: None},
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
        wanted = _valid(NewOrder(data=request.data))
        answer = answered(
            request,
            owner=owner,
            act=lambda: _answer(request, _place(owner, wanted)),
            needed=True,
        )
        response = respond(answer, _with_token(answer.body, owner))
        response["Location"] = reverse("orders-api:detail", args=[answer.body["id"]])
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

    def owner(self, order: Order) -> str:
        """Whose keys count: who asks, or, by the token alone, whoever holds the order's."""
        return owner_of(self.request) or f"order:{order.pk}"


@extend_schema(responses=OrderSerializer, auth=HOLDER)
class OneOrder(OfOrder):
    """The order as it is now."""

    def get(self, request: Request, order_id: UUID) -> Response:
        return Response(as_json(self.order(order_id), request))


@extend_schema(responses=TimelineSerializer, auth=HOLDER)
class Timeline(OfOrder):
    """What happened to the order, and what is still to come."""

    def get(self, request: Request, order_id: UUID) -> Response:
        order = self.order(order_id)
        steps = StepSerializer(timeline_of(order), many=True).data
        return Response({"order": str(order.pk), "status": order.status, "steps": steps})


@extend_schema(
    request=Reason,
    responses=KEPT | {200: OrderSerializer, 409: OpenApiResponse(description="It is too late.")},
    parameters=[MAY_KEY, REPLAYED],
    auth=HOLDER,
)
class Cancel(OfOrder):
    """Cancel the order, as the shopper or, any order, as staff; 409 when it is too late."""

    def post(self, request: Request, order_id: UUID) -> Response:
        order, mover = self.order_and_mover(order_id)
        told = _valid(Reason(data=request.data))
        answer = answered(
            request,
            owner=self.owner(order),
            act=lambda: self._cancelled(order_id, **mover, **told),
        )
        return respond(answer, answer.body)

    def order_and_mover(self, order_id: UUID) -> tuple[Order, dict[str, str]]:
        """The order, and as whom it is cancelled."""
        try:
            return self.order(order_id), {"by": "customer"}
        except NotFound:
            order = queries.order(order_id) if manages_orders(self.request.user) else None
            if order is None:
                raise
            return order, {"by": "staff", "actor": owner_of(self.request) or ""}

    def _cancelled(self, order_id: UUID, **how: str) -> Answer:
        if not operations.cancel_order(order_id=order_id, **how):
            raise NotCancellable
        return Answer(status=200, body=as_json(queries.order(order_id), self.request))


@extend_schema(
    request=PaymentMethod,
    responses=PLACED | KEPT,
    parameters=[MAY_KEY, REPLAYED],
    auth=HOLDER,
)
class Retry(OfOrder):
    """Pay a FAILED order again: 201 with the new order, 200 with the one that exists."""

    def post(self, request: Request, order_id: UUID) -> Response:
        order = self.order(order_id)
        payment = _valid(PaymentMethod(data=request.data))
        answer = answered(
            request,
            owner=self.owner(order),
            act=lambda: _answer(
                request,
                operations.retry_order(order_id=order.pk, owner=owner_of(request), **payment),
            ),
        )
        placed = queries.order(UUID(answer.body["id"]))
        return respond(answer, _with_token(answer.body, placed.owner if placed else ""))


def _valid(wanted: Any) -> dict[str, Any]:
    wanted.is_valid(raise_exception=True)
    return dict(wanted.validated_data)


def _place(owner: str, fields: dict[str, Any]) -> Placed:
    return operations.place_order(
        quote=fields["quote"],
        owner=owner,
        email=fields["email"],
        address=Address(**fields["shipping_address"]),
        payment_method=fields["payment_method"],
    )


def _answer(request: Request, placed: Placed) -> Answer:
    return Answer(status=201 if placed.created else 200, body=as_json(placed.order, request))


def _with_token(body: dict[str, Any], owner: str) -> dict[str, Any]:
    """The answer with the guest's token, which is derived and never stored."""
    guest = not owner.startswith("user:")
    return body | {"access_token": access_token(UUID(body["id"])) if guest else None}
