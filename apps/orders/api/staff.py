"""What staff's programs read of any order and do with it. Who it was stands in the order's history."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiResponse, extend_schema, extend_schema_view
from rest_framework.exceptions import NotFound
from rest_framework.generics import ListAPIView, RetrieveAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.orders import operations, queries
from apps.orders.access import owner_of
from apps.orders.api.describing import KEPT, MAY_KEY, REPLAYED
from apps.orders.api.pages import NewestOfAll, StaffFilters
from apps.orders.api.permissions import ManagesOrders
from apps.orders.api.repeating import answered, respond
from apps.orders.api.serializers import OrderSerializer, Parcel, StaffOrderSerializer, as_json
from apps.orders.models import Order
from apps.orders.operations import Answer
from apps.orders.refusals import NotDeliverable, NotShippable

REPEATED: dict[str, Any] = {"parameters": [MAY_KEY, REPLAYED]}


def _answers(refusal: str) -> dict[int, Any]:
    return KEPT | {200: OrderSerializer, 409: OpenApiResponse(description=refusal)}


@extend_schema_view(get=extend_schema(parameters=[StaffFilters]))
class AllOrders(ListAPIView):
    """Everybody's orders, the newest first; only those that are all of what is asked for."""

    permission_classes = [ManagesOrders]
    serializer_class = StaffOrderSerializer
    pagination_class = NewestOfAll

    def get_queryset(self) -> QuerySet[Order]:
        wanted = StaffFilters(data=self.request.query_params.dict())
        wanted.is_valid(raise_exception=True)
        return queries.all_orders(**wanted.validated_data)


class AnyOrder(RetrieveAPIView):
    """Anybody's order as it is now, with its history and its timeline."""

    permission_classes = [ManagesOrders]
    serializer_class = StaffOrderSerializer
    lookup_url_kwarg = "order_id"
    queryset = queries.all_orders()


class Moving(APIView):
    """Moves an order on; 409 when it is not where it would have to be, 404 when there is none."""

    permission_classes = [ManagesOrders]

    def post(self, request: Request, order_id: UUID) -> Response:
        if queries.order(order_id) is None:
            raise NotFound
        actor = owner_of(request) or ""
        fields = self.fields(request)

        def act() -> Answer:
            self.move(order_id, actor=actor, **fields)
            return Answer(status=200, body=as_json(queries.order(order_id), request))

        answer = answered(request, owner=actor, act=act)
        return respond(answer, answer.body)

    def fields(self, request: Request) -> dict[str, Any]:
        """What the request has to say besides."""
        return {}

    def move(self, order_id: UUID, *, actor: str, **fields: Any) -> None:
        """Do it, or raise a refusal."""
        raise NotImplementedError


@extend_schema(request=Parcel, responses=_answers("It is not confirmed."), **REPEATED)
class Ship(Moving):
    """The parcel has left: `carrier` and `tracking`."""

    def fields(self, request: Request) -> dict[str, Any]:
        parcel = Parcel(data=request.data)
        parcel.is_valid(raise_exception=True)
        return dict(parcel.validated_data)

    def move(self, order_id: UUID, *, actor: str, **fields: Any) -> None:
        if not operations.ship_order(order_id=order_id, actor=actor, **fields):
            raise NotShippable


@extend_schema(request=None, responses=_answers("It is not shipped."), **REPEATED)
class Deliver(Moving):
    """The parcel has arrived."""

    def move(self, order_id: UUID, *, actor: str, **fields: Any) -> None:
        if not operations.deliver_order(order_id=order_id, actor=actor):
            raise NotDeliverable
