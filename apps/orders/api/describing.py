"""What several endpoints of orders have in common in the API's description."""

from typing import Any

from drf_spectacular.utils import OpenApiParameter, OpenApiResponse

from apps.orders.api.serializers import NewOrderSerializer, OrderConflict

TELLS = """1 to 255 printable ASCII characters, new for each request: sent again with the same body,
the answer is the same and nothing happens twice; with another body, 422; before there is an answer,
409 with `Retry-After`."""
LOOKS = {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[ -~]+$"}
KEY = OpenApiParameter(
    "Idempotency-Key", LOOKS, OpenApiParameter.HEADER, required=True, description=TELLS
)
MAY_KEY = OpenApiParameter("Idempotency-Key", LOOKS, OpenApiParameter.HEADER, description=TELLS)
REPLAYED = OpenApiParameter(
    "Idempotent-Replayed", bool, OpenApiParameter.HEADER, response=[200, 201]
)
OWNER: list[Any] = [{"jwtAuth": []}, {"cartToken": []}]
HOLDER: list[Any] = [*OWNER, {"orderToken": []}]
PLACED: dict[int, Any] = {201: NewOrderSerializer, 200: NewOrderSerializer, 409: OrderConflict}
KEPT: dict[int, Any] = {
    422: OpenApiResponse(description="The key came with another body before."),
}
