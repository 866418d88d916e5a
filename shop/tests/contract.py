"""Every answer of the API that a test gets is held against the API's own description."""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any
from unittest.mock import patch

from django.test import Client
from jsonschema import Draft202012Validator, FormatChecker

from shop.openapi import PROBLEM, description

API = "/api/v1/"
UNDESCRIBED = (f"{API}schema/", f"{API}docs/")
WITHOUT_BODY = {"HEAD", "OPTIONS", "TRACE"}  # OPTIONS has Django REST framework's own


class BrokenContract(AssertionError):
    """The API answered what its description does not allow."""


@contextmanager
def kept() -> Iterator[None]:
    """Whatever Django's test client is answered under /api/v1/ keeps to the description."""
    described()  # before a test may put other addresses in the place of the project's
    generic: Callable[..., Any] = Client.generic

    def watched(
        client: Client, method: str, path: str, data: Any = "", *more: Any, **named: Any
    ) -> Any:
        response = generic(client, method, path, data, *more, **named)
        address, status = response.wsgi_request.path_info, response.status_code
        media = response.headers.get("Content-Type", "")
        hold(method, address, status, media, response.json if response.content else lambda: None)
        hold_request(method, address, status, data)
        return response

    with patch.object(Client, "generic", watched):
        yield


def hold(method: str, path: str, status: int, content_type: str, body: Callable[[], Any]) -> None:
    """Raises BrokenContract unless the description has this answer."""
    if not path.startswith(API) or path in UNDESCRIBED or method in WITHOUT_BODY:
        return
    name, schema = expected(method, path, str(status))
    told = f"{method} {path} ({name}): {status}"
    if schema is None:
        if body() is not None:
            raise BrokenContract(f"{told} has a body, {body()!r:.300}")
        return
    media = PROBLEM if status >= 400 else "application/json"
    if content_type != media:
        raise BrokenContract(f"{told} is {content_type!r}, not {media!r}")
    faults = [f"{fault.json_path}: {fault.message}" for fault in schema.iter_errors(body())]
    if faults:
        raise BrokenContract(f"{told}:\n" + "\n".join(faults))


def hold_request(method: str, path: str, status: int, body: str | bytes) -> None:
    """Raises BrokenContract if a body was taken that the description would have refused."""
    taken = _taken(method, path) if path.startswith(API) and status < 300 and body else None
    if taken is None:
        return
    found = taken.iter_errors(json.loads(body))
    # Django REST framework takes a number for its text.
    faults = [f"{one.json_path}: {one.message}" for one in found if one.validator != "type"]
    if faults:
        raise BrokenContract(f"{method} {path} took what is not described:\n" + "\n".join(faults))


def _taken(method: str, path: str) -> Draft202012Validator | None:
    """What the body may be, open to fields that nobody knows: those are ignored."""
    for pattern, operations in described():
        if pattern.fullmatch(path) and "requestBody" in operations.get(method.lower(), {}):
            [media] = operations[method.lower()]["requestBody"]["content"].values()
            return _validator({**media["schema"], "components": description()["components"]})
    return None


def expected(method: str, path: str, status: str) -> tuple[str, Draft202012Validator | None]:
    """The operation's name and the schema of its answer; None for one without a body."""
    for pattern, operations in described():
        if pattern.fullmatch(path) and method.lower() in operations:
            operation = operations[method.lower()]
            answers = operation["responses"]
            if status not in answers and status < "400":
                raise BrokenContract(f"{operation['operationId']} may not answer {status}")
            return operation["operationId"], _schema(answers.get(status, answers["default"]))
    if status < "400":
        raise BrokenContract(f"{method} {path} is not described")
    return "no operation", Draft202012Validator(description()["components"]["schemas"]["Problem"])


def _schema(answer: dict[str, Any]) -> Draft202012Validator | None:
    [schema] = [media["schema"] for media in answer.get("content", {}).values()] or [None]
    return validator(schema["$ref"]) if schema and "$ref" in schema else _inline(schema)


def _inline(schema: dict[str, Any] | None) -> Draft202012Validator | None:
    return schema and _validator({**schema, "components": closed()["components"]})


@cache
def validator(reference: str) -> Draft202012Validator:
    return _validator({"$ref": reference, "components": closed()["components"]})


def _validator(schema: dict[str, Any]) -> Draft202012Validator:
    return Draft202012Validator(schema, format_checker=FormatChecker())


@cache
def described() -> list[tuple[re.Pattern[str], dict[str, Any]]]:
    """The operations by the pattern of their address, those without a variable first."""
    paths = sorted(closed()["paths"].items(), key=lambda item: item[0].count("{"))
    return [(re.compile(re.sub(r"\{\w+\}", "[^/]+", path)), ops) for path, ops in paths]


@cache
def closed() -> dict[str, Any]:
    """The description with every object closed: a field that it does not name is a fault."""
    return dict(_closed(description()))


def _closed(node: Any) -> Any:
    if isinstance(node, list):
        return [_closed(one) for one in node]
    if not isinstance(node, dict):
        return node
    made = {name: _closed(one) for name, one in node.items()}
    if made.get("type") == "object" and "properties" in made:
        made.setdefault("additionalProperties", False)
    return made
