"""Whatever is sent to whichever address: never an error of ours, and nothing changes."""

import json
import re
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from django.apps import apps
from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from eventbus.engines import engine
from shop.tests.factories import ArticleFactory

pytestmark = pytest.mark.django_db(transaction=True)
METHODS = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "TRACE", "BREW")
JSON, FORM = "application/json", "application/x-www-form-urlencoded"
ACCOUNT = {"email": "", "password": "an analytical engine"}
NUL, HALF, HUGE = "\x00", "\ud800", 10**30


def addresses(patterns: Any = None, before: str = "/") -> Iterator[str]:
    """Every address that is served but the admin's, with `{}` for each part that varies."""
    for pattern in patterns or get_resolver().url_patterns:
        route = str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            if route != "admin/":
                yield from addresses(pattern.url_patterns, before + route)
        elif isinstance(pattern, URLPattern):
            yield before + route.lstrip("^").rstrip("$")


def filled(address: str, value: str) -> str:
    return re.sub(r"<[^>]+>|\(\?P.+?\)", value, address)


VALUES: list[Any] = [
    *(None, True, -1, 0, HUGE, 1.5, 1e400, "", NUL, HALF, "x" * 10_000),
    *([], {}, [[]], {"a": []}),
]


BODIES: list[tuple[str, bytes]] = [
    (JSON, b""),
    (JSON, b"{"),
    (JSON, b"[" * 100_000),
    (JSON, b'{"a":' * 50_000),
    (JSON, b"\xff\xfe\x00"),
    (JSON, b"NaN"),
    (JSON, b"9" * 5_000),
    (JSON, b'"text"'),
    (JSON, b"null"),
    (JSON, b"[]"),
    (JSON, b"[[1]]"),
    (JSON, b"{}"),
    (JSON, b'{"\\u0000": "\\u0000"}'),
    (JSON, b'{"\\ud800": "\\ud800"}'),
    ("application/json; charset=nonsense", b"{}"),
    ("application/json; charset=utf-16", b"{}"),
    (FORM, b"\xff=%ff&a=%00&quote=%00&=&&"),
    (FORM, b"&".join([b"a=1"] * 2_000)),
    ("multipart/form-data", b"no boundary"),
    ("multipart/form-data; boundary=x", b"--x\r\nbroken"),
    ("text/plain", b"text"),
    ("", b"text"),
    ("nonsense", b"{}"),
]
NAMES = (
    *("sku", "quantity", "country", "shipping_method", "coupon", "quote", "email", "password"),
    *("shipping_address", "payment_method", "reason", "number", "exp_month", "exp_year", "cvc"),
    *("refresh", "delta", "token", "name", "line1", "city", "postcode", "expiry", "next", "back"),
)
QUERIES = (
    "page=0", "page=-1", "page=99999999999999999999", "page=x", "page=%00", "page=%ff",
    "cursor=x", "cursor=%00", "cursor=cD0lMDA=", "cursor=" + "A" * 5000, "cursor=bz05OTk5OTk5OTk5",
    "q=%00", "q=%ff", "q=" + "a" * 8000, "category=%00", "category[]=x", "sort=%00", "sort=x",
    "min_price=x", "max_price=1e999", "min_price=NaN", "min_price=%00", "max_price=" + "9" * 400,
    "in_stock=%00", "in_stock=x", "token=%00", "token=%C3%A9", "seen=%00", "next=%00", "next=//x",
    "format=x", "format=%00", "page_size=-1", "page_size=x", "limit=-1", "offset=-1",
    "back=%00", "to=%00", "sku=%00", "low=x", "%00=1", "&&&=", "a=1;b", "page=1&page=2",
)  # fmt: skip
HEADERS: list[dict[str, str]] = [
    {"Authorization": "Bearer"},
    {"Authorization": "Bearer x.y.z"},
    {"Authorization": "Bearer \xff"},
    {"Authorization": "Bearer " + "a" * 9_000},
    {"Authorization": "Bearer a b"},
    {"Authorization": "Basic \xff"},
    {"Cart-Token": "\xff\xfe"},
    {"Cart-Token": "x" * 9_000},
    {"Order-Token": "\xff"},
    {"Idempotency-Key": "\xff"},
    {"Idempotency-Key": "x" * 300},
    {"Cookie": "cart_token=\xff; sessionid=\xff; csrftoken=\xff"},
    {"Cookie": "cart_token=x:y:z; sessionid=%00; order=1"},
    {"Cookie": "=;;;=\x01"},
    {"Accept": "nonsense"},
    {"Accept": "text/html; q=x"},
    {"Accept-Language": "\xff" * 100},
    {"Host": "a b"},
    {"X-Forwarded-For": "\xff, nonsense"},
    {"X-Request-ID": "\xff\x01" * 50},
    {"traceparent": "\xff"},
    {"HX-Request": "\xff", "HX-Current-URL": "\xff"},
    {"If-Modified-Since": "x", "Range": "bytes=9-1", "If-None-Match": "\xff"},
]
PARTS = (
    "x", "%00", "%ff", "..", "%2e%2e%2f", "a" * 3000, "-1", "9" * 40, "%ED%A0%80", "%F0%9F%98%80",
    "00000000-0000-0000-0000-000000000000", "00000000-0000-0000-0000-00000000000g",
)  # fmt: skip


def as_visitors() -> list[tuple[str, Client]]:
    guest = Client(raise_request_exception=False)
    users = get_user_model().objects
    visitors = [("guest", guest)]
    for kind in ("user", "staff"):
        who = users.create_user(email=f"{kind}@example.com", password=ACCOUNT["password"])
        who.is_staff = who.is_superuser = kind == "staff"
        who.save()
        client = Client(raise_request_exception=False)
        client.force_login(who)
        token = client.post("/api/v1/users/token/", {**ACCOUNT, "email": who.email}, JSON).json()
        client.defaults["HTTP_AUTHORIZATION"] = f"Bearer {token['access']}"
        visitors.append((kind, client))
    return visitors


def world() -> dict[str, int]:
    """How many rows of each table."""
    ignored = {"sessions.session"}
    return {
        model._meta.label_lower: model._default_manager.count()
        for model in apps.get_models()
        if model._meta.label_lower not in ignored and model._meta.managed
    }


class Sender:
    """Sends, and notes what was our fault."""

    def __init__(self) -> None:
        self.faults: list[str] = []
        self.sent = 0

    def send(self, client: Client, method: str, address: str, what: Any, **request: Any) -> None:
        self.sent += 1
        try:
            status: Any = client.generic(method, address, **request).status_code
        except Exception as error:
            status = repr(error)
        if not isinstance(status, int) or status >= 500:
            self.faults.append(f"{method} {address[:60]} {what!r:.80}: {status}")


@pytest.fixture
def sender(settings: Any) -> Iterator[Sender]:
    """What it noted must be nothing, and no row may come or go meanwhile."""
    settings.DEBUG = False
    ArticleFactory()
    engine().release()  # or the test database could not be dropped
    sender = Sender()
    yield sender
    assert sender.sent
    assert not sender.faults, "\n".join(sender.faults)


def every(sender: Sender) -> Iterator[tuple[str, Client, str]]:
    """(visitor, client, address); at the end no row may have come or gone."""
    visitors = as_visitors()
    before = world()
    for name, client in visitors:
        for address in addresses():
            if "logout" not in address:
                yield name, client, address
    assert world() == before


def test_bodies(sender: Sender) -> None:
    for name, client, address in every(sender):
        for content_type, body in BODIES:
            sender.send(
                client, "POST", filled(address, str(uuid4())), (name, content_type, body),
                data=body, content_type=content_type,
                headers={"Idempotency-Key": uuid4().hex, "Cart-Token": "x" * 43},
            )  # fmt: skip


def test_fields(sender: Sender) -> None:
    for name, client, address in every(sender):
        for value in VALUES:
            body = dict.fromkeys(NAMES, value)
            for method in ("POST", "PATCH"):
                sender.send(
                        client, method, filled(address, "x"), (name, value),
                        data=json.dumps(body).encode(), content_type=JSON,
                        headers={"Idempotency-Key": uuid4().hex, "Cart-Token": "x" * 43},
                    )  # fmt: skip


def test_addresses_and_queries(sender: Sender) -> None:
    for name, client, address in every(sender):
        for part in PARTS if re.search("[<(]", address) else ():
            sender.send(client, "GET", filled(address, part), (name, part))
        for query in QUERIES:
            sender.send(client, "GET", f"{filled(address, str(uuid4()))}?{query}", (name, query))


def test_headers_and_methods(sender: Sender) -> None:
    for name, client, address in every(sender):
        path = filled(address, str(uuid4()))
        for headers in HEADERS:
            sender.send(client, "GET", path, (name, headers), headers=headers)
            sender.send(client, "POST", path, (name, headers), headers=headers, data=b"{}",
                        content_type=JSON)  # fmt: skip
        for method in METHODS:
            sender.send(client, method, path, name)
