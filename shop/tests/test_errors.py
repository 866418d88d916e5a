"""Errors: problem+json to clients of the API, a page to people."""

from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse
from django.test import Client
from django.urls import path
from rest_framework import exceptions, serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import SimpleRateThrottle
from rest_framework.views import APIView

from shop.urls import handler400, handler403, handler404, handler500
from shop.urls import urlpatterns as real

__all__ = ["handler400", "handler403", "handler404", "handler500"]
PROBLEM = "application/problem+json"


class Conflict(exceptions.APIException):
    status_code = 409
    default_code = "price_changed"
    default_detail = "The price changed."


class Line(serializers.Serializer[Any]):
    quantity = serializers.IntegerField(min_value=1)


class Order(serializers.Serializer[Any]):
    lines = Line(many=True)


class Once(SimpleRateThrottle):
    rate = "1/hour"

    def get_cache_key(self, request: Request, view: APIView) -> str:
        return f"once-{request.path}"


ERRORS: dict[str, Exception] = {
    "conflict": Conflict(),
    "more": Conflict({"detail": "The price changed.", "price": "12.50"}),  # type: ignore[arg-type]
    "words": exceptions.ValidationError("Empty carts cannot be ordered.", code="empty"),
    "gone": Http404("no such order"),
    "denied": PermissionDenied("no"),
    "anonymous": exceptions.NotAuthenticated(),
    "crash": RuntimeError("card 4242424242424242"),
    "suspicious": SuspiciousOperation("tampered"),
}


class Failing(APIView):
    permission_classes = []
    authentication_classes = []
    throttle_classes = [Once]

    def get(self, request: Request, name: str) -> Response:
        raise ERRORS[name]

    def post(self, request: Request, name: str) -> Response:
        Order(data=request.data).is_valid(raise_exception=True)
        return Response({})


def failing_page(request: HttpRequest, name: str) -> HttpResponse:
    raise ERRORS[name]


urlpatterns = [
    path("api/v1/failing/<name>/", Failing.as_view()),
    path("api/v1/plain/<name>/", failing_page),
    path("failing/<name>/", failing_page),
    *real,
]
pytestmark = pytest.mark.urls(__name__)


@pytest.fixture(autouse=True)
def _no_throttle_left(settings: Any) -> None:
    from django.core.cache import cache

    cache.clear()


@pytest.fixture
def client() -> Client:
    return Client(raise_request_exception=False)


def problem(response: Any, status: int) -> dict[str, Any]:
    assert response.status_code == status
    assert response.headers["Content-Type"] == PROBLEM
    body: dict[str, Any] = response.json()
    assert body["status"] == status
    assert body["type"] == "about:blank"
    return body


def test_an_error_has_words_and_a_code(client: Client) -> None:
    assert problem(client.get("/api/v1/failing/conflict/"), 409) == {
        "type": "about:blank",
        "title": "Conflict",
        "status": 409,
        "detail": "The price changed.",
        "code": "price_changed",
    }


def test_an_error_may_carry_members_of_its_own(client: Client) -> None:
    body = problem(client.get("/api/v1/failing/more/"), 409)
    assert (body["detail"], body["code"]) == ("The price changed.", "price_changed")
    assert body["price"] == "12.50"


def test_the_fields_that_are_wrong_are_named_as_deep_as_they_lie(client: Client) -> None:
    lines = {"lines": [{"quantity": 1}, {"quantity": 0}]}
    body = problem(client.post("/api/v1/failing/x/", lines, content_type="application/json"), 400)
    assert body["code"] == "invalid"
    wrong = {"quantity": ["Ensure this value is greater than or equal to 1."]}
    assert body["errors"] == {"lines": {"1": wrong}}


def test_a_refusal_in_words_keeps_them_and_its_code(client: Client) -> None:
    body = problem(client.get("/api/v1/failing/words/"), 400)
    assert (body["detail"], body["code"]) == ("Empty carts cannot be ordered.", "empty")
    assert "errors" not in body


@pytest.mark.parametrize(
    ("name", "status", "code"),
    [
        ("gone", 404, "not_found"),
        ("denied", 403, "permission_denied"),
        ("anonymous", 403, "not_authenticated"),
        ("crash", 500, "error"),
        ("suspicious", 400, "invalid"),
    ],
)
def test_each_kind_of_error_is_a_problem(client: Client, name: str, status: int, code: str) -> None:
    assert problem(client.get(f"/api/v1/failing/{name}/"), status)["code"] == code


@pytest.mark.parametrize(
    ("name", "status"), [("gone", 404), ("denied", 403), ("crash", 500), ("suspicious", 400)]
)
def test_views_that_are_not_rest_frameworks_answer_problems_too(
    client: Client, name: str, status: int
) -> None:
    problem(client.get(f"/api/v1/plain/{name}/"), status)


def test_a_crash_tells_nothing_of_itself(client: Client) -> None:
    for address in ("/api/v1/failing/crash/", "/failing/crash/"):
        assert b"4242" not in client.get(address).content


def test_one_request_too_many_is_told_when_to_come_back(client: Client) -> None:
    client.get("/api/v1/failing/conflict/")
    response = client.get("/api/v1/failing/conflict/")
    assert problem(response, 429)["code"] == "throttled"
    assert 0 < int(response.headers["Retry-After"]) <= 3600


def test_a_body_that_is_no_json_is_a_problem(client: Client) -> None:
    response = client.post("/api/v1/failing/x/", "{", content_type="application/json")
    assert problem(response, 400)["code"] == "parse_error"


@pytest.mark.parametrize("method", ["get", "post", "put", "delete"])
@pytest.mark.parametrize("debug", [False, True])
def test_an_unknown_address_of_the_api_is_a_problem(
    settings: Any, method: str, debug: bool
) -> None:
    settings.DEBUG = debug
    client = Client(enforce_csrf_checks=True)
    assert problem(getattr(client, method)("/api/v1/nothing/"), 404)["code"] == "not_found"


def test_the_root_of_the_api_names_what_is_served(client: Client) -> None:
    response = client.get("/api/v1/")
    assert response.status_code == 200
    for name, address in response.json().items():
        assert address == f"http://testserver/api/v1/{name}/"


@pytest.mark.parametrize(
    ("name", "status", "words"),
    [
        ("gone", 404, "nothing on this shelf"),
        ("denied", 403, "not for you"),
        ("crash", 500, "broke on our side"),
        ("suspicious", 400, "made no sense"),
    ],
)
def test_people_get_a_page(client: Client, name: str, status: int, words: str) -> None:
    response = client.get(f"/failing/{name}/")
    assert response.status_code == status
    assert response.headers["Content-Type"].startswith("text/html")
    assert words in response.content.decode()


def test_a_form_without_its_token_is_told_so() -> None:
    response = Client(enforce_csrf_checks=True).post("/failing/gone/")
    assert response.status_code == 403
    assert "This form has expired" in response.content.decode()


@pytest.mark.django_db
def test_where_only_forms_are_sent_a_browser_finds_a_page(client: Client) -> None:
    response = client.get("/cart/coupon/")
    assert (response.status_code, response.headers["Allow"]) == (405, "POST")
    assert "Back to the shop" in response.content.decode()
    assert client.head("/cart/coupon/").content == b""
    problem(client.get("/api/v1/cart/quote/"), 405)
