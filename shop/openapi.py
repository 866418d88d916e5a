"""The API's description (OpenAPI 3.1): what every endpoint has in common, said here once.

An app's view declares only what is its own, with `extend_schema`: docs/api.md shows how. The
project's views and settings bring the rest: tags, names, problems, credentials.
"""

from functools import cache
from http import HTTPStatus
from threading import Lock
from typing import Any

from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse
from rest_framework import serializers
from rest_framework.pagination import CursorPagination
from rest_framework.permissions import AllowAny, IsAuthenticated

PROBLEM = "application/problem+json"

ABOUT = """Errors are problem+json (RFC 9457), amounts are strings with the currency beside them,
times are UTC, long lists come in pages with a cursor. What is sent too often is answered 429."""
CREDENTIALS = {
    "jwtAuth": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "The access token of `POST /api/v1/users/token/`.",
    },
    "cartToken": {
        "type": "apiKey",
        "in": "header",
        "name": "Cart-Token",
        "description": "The secret of a guest's cart: the header of the first answer to"
        " `POST /api/v1/cart/lines/`.",
    },
    "orderToken": {
        "type": "apiKey",
        "in": "header",
        "name": "Order-Token",
        "description": "The secret of a guest's order: `access_token` of the new order.",
    },
}
RETRY_AFTER = OpenApiParameter(
    "Retry-After",
    int,
    OpenApiParameter.HEADER,
    description="Seconds to wait before the next try.",
    response=[429],
)


class Problem(serializers.Serializer[Any]):
    """What went wrong (RFC 9457): `detail` is for people, `code` for programs."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    code = serializers.CharField()
    errors = serializers.DictField(  # type: ignore[assignment]
        required=False, help_text="By field, nested as the request is; where it was not valid."
    )


class Pages(CursorPagination):
    """A page as OpenAPI 3.1 says it; Django REST framework's words for it are those of 3.0."""

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        link = {"type": ["string", "null"], "format": "uri"}
        return {
            "type": "object",
            "required": ["next", "previous", "results"],
            "properties": {"next": link, "previous": link, "results": schema},
        }


class Schema(AutoSchema):
    """An endpoint's description: its name is its method and address, its tag its context, and
    every error is a problem."""

    def get_operation_id(self) -> str:
        """As `get_orders_by_order_id_timeline`: told by the address alone, so it stays."""
        parts = self.path.removeprefix("/api/v1/").strip("/").split("/")
        words = (part.strip("{}") if part[:1] != "{" else f"by_{part[1:-1]}" for part in parts)
        return "_".join([self.method.lower(), *filter(None, words)]).replace("-", "_")

    def get_tags(self) -> list[str]:
        return [self.path.removeprefix("/api/v1/").split("/")[0] or "api"]

    def get_summary(self) -> str | None:
        """The first sentence of the docstring."""
        first = str(self.get_description()).split("\n\n")[0].replace("\n", " ")
        return first.split(". ")[0].rstrip(".") or None

    def get_override_parameters(self) -> list[Any]:
        return [RETRY_AFTER, *super().get_override_parameters()]

    def _get_request_for_media_type(self, serializer: Any, direction: Any = "request") -> Any:
        """A PATCH may leave fields out, unless its serializer is `always_whole`."""
        if not getattr(serializer, "always_whole", False):
            return super()._get_request_for_media_type(serializer, direction)
        method, self.method = self.method, "PUT"
        try:
            return super()._get_request_for_media_type(serializer, direction)
        finally:
            self.method = method

    def _get_paginator(self) -> Pages | None:
        return Pages() if super()._get_paginator() else None

    def _get_response_bodies(self, direction: Any = "response") -> dict[str, Any]:
        """Also the problems that the view need not name."""
        answers = super()._get_response_bodies(direction)
        for status in self._problems() - set(answers):
            answers[status] = self._get_response_for_code(None, status, direction=direction)
        return dict(sorted(answers.items()))

    def _problems(self) -> set[str]:
        """The statuses of the errors that any view with these traits can answer."""
        permissions = {type(one) for one in self.view.get_permissions()}
        traits = {
            "400": True,
            "401": bool(self.view.get_authenticators()),
            "403": bool(permissions - {AllowAny, IsAuthenticated}),
            "404": "{" in self.path or "cursor" in {one["name"] for one in self._get_parameters()},
            "415": self.method in {"POST", "PUT", "PATCH"},
            "429": bool(self.view.get_throttles()),
            "default": True,
        }
        return {status for status, possible in traits.items() if possible}

    def _get_response_for_code(
        self,
        serializer: Any,
        status_code: str,
        media_types: Any = None,
        direction: Any = "response",
    ) -> dict[str, Any]:
        if status_code.startswith(("1", "2", "3")):
            answer = super()._get_response_for_code(serializer, status_code, media_types, direction)
            return dict(answer)
        told = (
            serializer if isinstance(serializer, OpenApiResponse) else OpenApiResponse(serializer)
        )
        response = OpenApiResponse(
            _as_problem(told.response), description=told.description or _phrase(status_code)
        )
        return dict(super()._get_response_for_code(response, status_code, [PROBLEM], direction))


def _phrase(status: str) -> str:
    return HTTPStatus(int(status)).phrase if status.isdigit() else "Any other error."


def _as_problem(members: type[serializers.Serializer[Any]] | None) -> Any:
    """A problem with these members beside those that every one has."""
    return _extended(members) if members else Problem


@cache
def _extended(members: type[serializers.Serializer[Any]]) -> type[Problem]:
    return type(members.__name__, (members, Problem), {"__doc__": members.__doc__})


class Generator(SchemaGenerator):
    """The description is the same for everybody, so each process makes it once."""

    def get_schema(self, request: Any = None, public: bool = True) -> dict[str, Any]:
        return description()


_MAKING = Lock()  # what makes it notes on each view where it is, so two at once mix them up


def description() -> dict[str, Any]:
    """The whole document, with the credentials that some operation takes; made once, whichever
    threads ask first."""
    with _MAKING:
        return _made()


@cache
def _made() -> dict[str, Any]:
    made: dict[str, Any] = SchemaGenerator().get_schema(public=True)
    made["info"]["description"] = ABOUT
    used = {
        name
        for methods in made["paths"].values()
        for operation in methods.values()
        for way in operation.get("security", [])
        for name in way
    }
    schemes = made.setdefault("components", {}).setdefault("securitySchemes", {})
    made["components"]["securitySchemes"] = {
        name: CREDENTIALS.get(name) or schemes[name] for name in sorted(used)
    }
    return made
