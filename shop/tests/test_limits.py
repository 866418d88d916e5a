"""What the API refuses before it looks: too much, too often, or in another language."""

import pytest
from django.conf import settings
from django.test import Client
from rest_framework.throttling import ScopedRateThrottle, SimpleRateThrottle

from shop.tests.test_errors import problem

ADDRESS = "/api/v1/users/token/"
JSON = "application/json"


@pytest.fixture
def client() -> Client:
    return Client(raise_request_exception=False)


@pytest.mark.parametrize(
    ("content_type", "body", "status", "code"),
    [
        (JSON, b"{", 400, "parse_error"),
        (JSON, b"\xff\xfe", 400, "parse_error"),
        (JSON, b'{"email": "\\ud800"}', 400, "parse_error"),
        (JSON, b"[" * 100_000, 400, "parse_error"),
        (JSON, b'"text"', 400, "invalid"),
        ("application/json; charset=nonsense", b"{}", 400, "invalid"),
        (JSON, b" " * 2_621_441, 413, "too_large"),
        ("text/plain", b"{}", 415, "unsupported_media_type"),
        ("application/x-www-form-urlencoded", b"email=a", 415, "unsupported_media_type"),
        ("multipart/form-data; boundary=x", b"--x--", 415, "unsupported_media_type"),
    ],
)
def test_a_body_that_cannot_be_read_is_a_problem(
    client: Client, content_type: str, body: bytes, status: int, code: str
) -> None:
    response = client.generic("POST", ADDRESS, body, content_type=content_type)
    assert problem(response, status)["code"] == code


def test_a_body_of_the_greatest_size_is_read(client: Client) -> None:
    response = client.generic("POST", ADDRESS, b"{}".ljust(2_621_440), content_type=JSON)
    assert problem(response, 400)["errors"]["email"] == ["This field is required."]


def test_a_format_that_is_not_spoken_and_a_method_that_is_not_there_are_problems(
    client: Client,
) -> None:
    response = client.get("/api/v1/", headers={"Accept": "text/html"})
    assert problem(response, 406)["code"] == "not_acceptable"
    assert problem(client.delete("/api/v1/"), 405)["code"] == "method_not_allowed"


def test_a_token_that_is_not_good_is_a_problem_without_its_inner_life(client: Client) -> None:
    body = problem(client.get("/api/v1/", headers={"Authorization": "Bearer x.y.z"}), 401)
    assert body["code"] == "token_not_valid"
    assert set(body) == {"type", "title", "status", "detail", "code"}


def test_a_client_that_asks_too_often_is_told_when_to_come_back(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    rates = SimpleRateThrottle.THROTTLE_RATES | {"anon": "2/min", "user": "9/min"}
    monkeypatch.setattr(SimpleRateThrottle, "THROTTLE_RATES", rates)
    statuses = [client.get("/api/v1/").status_code for _ in range(2)]
    response = client.get("/api/v1/")
    elsewhere = client.get("/api/v1/", REMOTE_ADDR="192.0.2.7")
    assert statuses == [200, 200]
    assert problem(response, 429)["code"] == "throttled"
    assert 0 < int(response.headers["Retry-After"]) <= 60
    assert elsewhere.status_code == 200


@pytest.mark.django_db
def test_cards_are_taken_slower_than_the_rest(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    rates = SimpleRateThrottle.THROTTLE_RATES | {"card": "1/min"}
    monkeypatch.setattr(SimpleRateThrottle, "THROTTLE_RATES", rates)
    answers = [client.post("/api/v1/payments/methods/", {}, content_type=JSON) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [400, 429]
    assert client.get("/api/v1/").status_code == 200


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("address", "kept"),
    [
        ("/api/v1/cart/", "no-store"),
        ("/api/v1/orders/", "no-store"),
        ("/api/v1/nowhere/", "no-store"),
        ("/users/login/", "max-age=0, no-cache, no-store, must-revalidate, private"),
        ("/legal/imprint/", "private, no-cache"),
    ],
)
def test_nobody_keeps_what_is_somebodys_own(client: Client, address: str, kept: str) -> None:
    assert client.get(address).headers["Cache-Control"] == kept


def test_every_rate_can_be_read() -> None:
    for scope, rate in settings.THROTTLES.items():
        number, seconds = ScopedRateThrottle.parse_rate(ScopedRateThrottle, rate)  # type: ignore[arg-type]
        assert number, scope
        assert seconds, scope
