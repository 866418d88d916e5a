"""Whatever is sent to whichever address: never an error of ours, and nothing changes."""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import pytest
from django.apps import apps
from django.conf import settings
from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django_prometheus.middleware import Metrics

from eventbus.engines import engine
from shop.tests.factories import ArticleFactory

pytestmark = pytest.mark.django_db(transaction=True)
of_each_context = pytest.mark.parametrize("context", ["shop", *settings.SHOP_CONTEXTS])
THIN = 4
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


def context_of(address: str) -> str:
    """Whose address it is; the project's own are "shop"."""
    first = address.removeprefix("/api/v1").split("/")[1]
    return first if first in settings.SHOP_CONTEXTS else "shop"


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
FIELDS = [(value, json.dumps(dict.fromkeys(NAMES, value))) for value in VALUES]
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
    {},
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


@dataclass(frozen=True, slots=True)
class Case:
    """What is sent, and how it is called in the report."""

    name: Any
    address: str
    request: dict[str, Any] = field(default_factory=dict)


class Sender:
    """Sends, and notes what was our fault."""

    def __init__(self, *, thin: int) -> None:
        self.faults: list[str] = []
        self.sent = self.series = 0
        self.thin = thin  # 1: sends all there is, 4: a fourth of it to each address

    def send(self, client: Client, method: str, case: Case) -> Any:
        """The answer; None if there was none."""
        self.sent += 1
        try:
            answer = client.generic(method, case.address, **case.request)
            status: Any = answer.status_code
        except Exception as error:
            answer, status = None, repr(error)
        if not isinstance(status, int) or status >= 500:
            self.faults.append(f"{method} {case.address[:60]} {case.name!r:.80}: {status}")
        return answer

    def send_all(self, name: str, client: Client, method: str, cases: Iterable[Case]) -> None:
        """Where whoever asks or the method is turned away at the door, nothing that is sent gets
        behind it: every eighth is enough, others at each address. And what staff do not bring
        down, no shopper will who is signed in as they are: every third. Of the rest each address
        gets a share, and the next one another."""
        first, *rest = cases
        self.series += 1
        away = turned_away(self.send(client, method, first))
        step = self.thin * (8 if away else 3 if name == "user" else 1)
        for case in rest[self.series % step :: step]:
            self.send(client, method, case)


def turned_away(answer: Any) -> bool:
    if answer is None:
        return False
    to_sign_in = answer.headers.get("Location", "").startswith(settings.LOGIN_URL)
    return answer.status_code in {401, 403, 405} or to_sign_in


@pytest.fixture
def sender(settings: Any, request: pytest.FixtureRequest) -> Iterator[Sender]:
    """What it noted must be nothing, and no row may come or go meanwhile. All of it is sent in the
    nightly run."""
    tonight = request.config.getoption("--hypothesis-profile") == "nightly"
    settings.DEBUG = False
    for numbers in vars(Metrics.get_instance()).values():
        numbers.clear()  # or each `GET /metrics` told of all that this process was ever asked
    ArticleFactory()
    engine().release()  # or the test database could not be dropped
    sender = Sender(thin=1 if tonight else THIN)
    yield sender
    assert sender.sent
    assert not sender.faults, "\n".join(sender.faults)


def every(context: str) -> Iterator[tuple[str, Client, str]]:
    """(visitor, client, address); at the end no row may have come or gone."""
    visitors = as_visitors()
    before = world()
    for address in addresses():
        if context_of(address) == context and "logout" not in address:
            for name, client in visitors:
                yield name, client, address
    assert world() == before


def body(data: bytes, content_type: str = JSON) -> dict[str, Any]:
    headers = {"Idempotency-Key": uuid4().hex, "Cart-Token": "x" * 43}
    return {"data": data, "content_type": content_type, "headers": headers}


@of_each_context
def test_bodies(sender: Sender, context: str) -> None:
    for name, client, address in every(context):
        cases = [
            Case(
                (name, content_type, data), filled(address, str(uuid4())), body(data, content_type)
            )
            for content_type, data in BODIES
        ]
        sender.send_all(name, client, "POST", cases)


@of_each_context
def test_fields(sender: Sender, context: str) -> None:
    for name, client, address in every(context):
        for method in ("POST", "PATCH"):
            cases = [
                Case((name, value), filled(address, "x"), body(text.encode()))
                for value, text in FIELDS
            ]
            sender.send_all(name, client, method, cases)


@of_each_context
def test_addresses(sender: Sender, context: str) -> None:
    for name, client, address in every(context):
        for part in PARTS if re.search("[<(]", address) else ():
            sender.send(client, "GET", Case((name, part), filled(address, part)))


@of_each_context
def test_queries(sender: Sender, context: str) -> None:
    for name, client, address in every(context):
        path = filled(address, str(uuid4()))
        cases = [Case((name, query), f"{path}?{query}") for query in QUERIES]
        sender.send_all(name, client, "GET", cases)


@of_each_context
def test_headers(sender: Sender, context: str) -> None:
    for name, client, address in every(context):
        path = filled(address, str(uuid4()))
        for method, sent in ("GET", {}), ("POST", {"data": b"{}", "content_type": JSON}):
            cases = [Case((name, one), path, {**sent, "headers": one}) for one in HEADERS]
            sender.send_all(name, client, method, cases)


@of_each_context
def test_methods(sender: Sender, context: str) -> None:
    for name, client, address in every(context):
        for method in METHODS:
            sender.send(client, method, Case(name, filled(address, str(uuid4()))))
