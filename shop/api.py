"""The API's frame: one shape of error, problem+json (RFC 9457), and the list of what there is."""

from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, JsonResponse
from django.urls import path
from django.urls.resolvers import URLPattern
from django.views.decorators.csrf import csrf_exempt
from django.views.generic import TemplateView
from drf_spectacular.renderers import (
    OpenApiJsonRenderer,
    OpenApiJsonRenderer2,
    OpenApiYamlRenderer2,
)
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularAPIView
from rest_framework.exceptions import ValidationError
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView, exception_handler

from shop.openapi import PROBLEM


def problem(error: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's answer to the error as application/problem+json; None for what is not its own.

    `detail` is for people, `code` for programs. A request that is not valid has `errors`, by
    field and nested as the request is. Other members are the error's own.
    """
    response = exception_handler(error, context)
    if response is None:
        return None
    own = _invalid(response.data) if isinstance(error, ValidationError) else _other(response.data)
    response.data = problem_body(response.status_code) | own
    response.content_type = PROBLEM
    return response


def problem_body(status: int) -> dict[str, Any]:
    """The members that every problem has."""
    return {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status}


def problem_response(status: int, *, detail: str, code: str) -> JsonResponse:
    """A problem from outside DRF's views: Django's own error handlers, an unknown address."""
    body = problem_body(status) | {"detail": detail, "code": code}
    return JsonResponse(body, status=status, content_type=PROBLEM)


def _invalid(data: Any) -> dict[str, Any]:
    if isinstance(data, dict):
        return {"detail": "The request is not valid.", "code": "invalid", "errors": data}
    return {"detail": " ".join(str(message) for message in data), "code": _code(data[0])}


def _other(data: Any) -> dict[str, Any]:
    members = dict(data) if isinstance(data, dict) else {"detail": data[0]}
    members.pop("messages", None)  # how simplejwt tried to read a token: of no use to a client
    detail = members.get("detail", "The request was refused.")
    return {"code": _code(detail), **members, "detail": str(detail)}


def _code(detail: Any) -> str:
    return str(getattr(detail, "code", "error"))


@csrf_exempt  # an unknown address is 404 for every method, with or without a token
def unknown(request: HttpRequest, rest: str = "") -> JsonResponse:
    """What is not there is said in the API's own words, with DEBUG on too."""
    detail = "There is nothing at this address. Addresses end with a slash."
    return problem_response(HTTPStatus.NOT_FOUND, detail=detail, code="not_found")


class Root(APIView):
    """The contexts that this deployment serves."""

    permission_classes = [AllowAny]
    contexts: tuple[str, ...] = ()

    @extend_schema(responses={200: {"type": "object", "additionalProperties": {"type": "string"}}})
    def get(self, request: Request) -> Response:
        """Each context's name with the address that its resources lie under."""
        return Response({name: request.build_absolute_uri(f"{name}/") for name in self.contexts})


class Description(SpectacularAPIView):
    """What this deployment serves, as OpenAPI: JSON, or YAML by `Accept` or `?format=yaml`."""

    authentication_classes = ()
    renderer_classes = [OpenApiJsonRenderer2, OpenApiYamlRenderer2, OpenApiJsonRenderer]


def urls(contexts: list[str]) -> list[URLPattern]:
    """The API's frame around the contexts, to be included after their own URLs."""
    return [
        path("api/v1/", Root.as_view(contexts=tuple(contexts)), name="api"),
        path("api/v1/schema/", Description.as_view(), name="schema"),
        path("api/v1/docs/", TemplateView.as_view(template_name="docs.html"), name="docs"),
        path("api/", unknown),
        path("api/<path:rest>", unknown),
    ]
