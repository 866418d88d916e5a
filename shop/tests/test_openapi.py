"""The API's description: served, complete, and read by people without asking another host."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
import yaml
from django.conf import settings
from django.test import Client
from drf_spectacular.generators import SchemaGenerator

from shop import openapi
from shop.openapi import description
from shop.tests import browsing, contract
from shop.tests.processes import succeed

SCHEMA = "/api/v1/schema/"


def operations() -> list[dict[str, Any]]:
    paths = description()["paths"]
    return [operation for methods in paths.values() for operation in methods.values()]


def test_the_description_comes_as_json_or_yaml(client: Client) -> None:
    asked = [{}, {"Accept": "application/json"}, {"Accept": "application/yaml"}]
    plain, as_json, as_yaml = (client.get(SCHEMA, headers=headers) for headers in asked)
    described = plain.json()
    assert described["openapi"] == "3.1.0"
    assert as_json.json() == yaml.safe_load(as_yaml.content) == described
    assert yaml.safe_load(client.get(SCHEMA, {"format": "yaml"}).content) == described


def test_the_first_who_ask_at_the_same_time_get_the_same_description(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before, made = description(), []
    make, ready = SchemaGenerator.get_schema, Barrier(4)

    def counted(generator: SchemaGenerator, **named: Any) -> Any:
        made.append(generator)
        return make(generator, **named)

    def ask(_: int) -> Any:
        ready.wait()
        return description()

    monkeypatch.setattr(SchemaGenerator, "get_schema", counted)
    openapi._made.cache_clear()
    with ThreadPoolExecutor(4) as threads:
        got = list(threads.map(ask, range(4)))
    assert len(made) == 1
    assert got == [before] * 4


def test_every_operation_has_a_name_of_its_own_a_summary_and_its_context_as_tag() -> None:
    found = operations()
    assert len({operation["operationId"] for operation in found}) == len(found)
    assert [one["operationId"] for one in found if not one.get("summary")] == []
    tags = {tag for operation in found for tag in operation["tags"]}
    assert tags <= {"api", *settings.SHOP_CONTEXTS}


def test_what_a_patch_may_leave_out_is_told() -> None:
    paths, schemas = description()["paths"], description()["components"]["schemas"]

    def needed(path: str) -> list[str]:
        [media] = paths[path]["patch"]["requestBody"]["content"].values()
        return schemas[media["schema"]["$ref"].rpartition("/")[2]].get("required", [])

    assert needed("/api/v1/cart/lines/{sku}/") == ["quantity"]
    assert needed("/api/v1/inventory/stock/{sku}/") == ["low_threshold"]
    assert needed("/api/v1/users/me/addresses/{address_id}/") == []


def test_what_moves_money_orders_or_stock_takes_a_key() -> None:
    names = {}
    for path, methods in description()["paths"].items():
        for parameter in methods.get("post", {}).get("parameters", []):
            if parameter["name"] == "Idempotency-Key":
                assert parameter["schema"]["maxLength"] == 255
                assert "422" in methods["post"]["responses"]
                names[path.removeprefix("/api/v1/")] = parameter.get("required", False)
    assert names == {
        "orders/": True,
        "orders/{order_id}/cancel/": False,
        "orders/{order_id}/deliver/": False,
        "orders/{order_id}/retry/": False,
        "orders/{order_id}/ship/": False,
        "payments/{order_id}/refunds/": True,
        "inventory/stock/{sku}/adjustments/": False,
    }


def test_every_error_is_a_problem() -> None:
    components = description()["components"]["schemas"]
    for operation in operations():
        assert "default" in operation["responses"]
        for status, answer in operation["responses"].items():
            if status >= "400":
                [(media, told)] = answer["content"].items()
                name = told["schema"]["$ref"].rpartition("/")[2]
                assert media == "application/problem+json"
                assert {"type", "title", "status", "detail", "code"} <= set(
                    components[name]["required"]
                )


def test_too_many_requests_say_when_to_come_back() -> None:
    for operation in operations():
        assert "Retry-After" in operation["responses"]["429"]["headers"]


def test_a_deployment_describes_only_what_it_serves(tmp_path: Path) -> None:
    file = tmp_path / "schema.json"
    succeed(
        *("manage.py", "spectacular", "--validate", "--fail-on-warn", "--format", "openapi-json"),
        *("--file", str(file)),
        SHOP_CONTEXTS="cart,orders",
    )
    described = json.loads(file.read_text())
    contexts = {path.removeprefix("/api/v1/").partition("/")[0] for path in described["paths"]}
    assert contexts == {"", "cart", "orders"}
    assert set(described["components"]["securitySchemes"]) == {
        "jwtAuth",
        "cartToken",
        "orderToken",
    }


@pytest.mark.parametrize(
    ("body", "status", "fault"),
    [
        ({"email": "a@b.example", "name": ""}, 201, None),
        ({"email": "a@b.example", "name": "", "id": 1}, 201, "'id' was unexpected"),
        ({"email": "a@b.example", "name": 1}, 201, "1 is not of type 'string'"),
        ({"email": "a@b.example"}, 201, "'name' is a required property"),
        ({}, 202, "may not answer 202"),
    ],
)
def test_an_answer_that_is_not_as_described_is_found(
    body: Any, status: int, fault: str | None
) -> None:
    def hold() -> None:
        contract.hold("POST", "/api/v1/users/", status, "application/json", lambda: body)

    if fault is None:
        hold()
        return
    with pytest.raises(contract.BrokenContract, match=fault):
        hold()


def test_a_body_that_was_taken_and_is_not_described_is_found() -> None:
    contract.hold_request(
        "POST", "/api/v1/users/", 201, '{"email": "a@b.example", "password": "x"}'
    )
    contract.hold_request("POST", "/api/v1/users/", 400, '{"email": 1}')
    with pytest.raises(contract.BrokenContract, match="'password' is a required property"):
        contract.hold_request("POST", "/api/v1/users/", 201, '{"email": "a@b.example"}')


def test_the_short_address_leads_to_the_page(client: Client) -> None:
    assert client.get("/docs/").headers["Location"] == "/api/v1/docs/"
    assert client.get("/api/v1/docs/").status_code == 200


@pytest.mark.browser
def test_the_page_shows_every_operation_and_asks_no_other_host(live_server: Any) -> None:
    asked: list[str] = []
    said: list[str] = []
    with browsing.chromium() as browser:
        page = browser.new_page(base_url=live_server.url)
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        response = page.goto("/api/v1/docs/")
        page.locator(".opblock").first.wait_for()
        shown = page.locator(".opblock").count()
        page.get_by_role("button", name="POST ​/api​/v1​/orders​/").first.click()
    assert "script-src 'self';" in response.headers["content-security-policy"]
    assert shown == len(operations())
    assert [url for url in asked if not url.startswith((live_server.url, "data:"))] == []
    assert said == []
