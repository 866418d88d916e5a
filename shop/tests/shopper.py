"""A shopper who buys by the API, in this process or over HTTP: what the saga's tests drive."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen
from uuid import uuid4

from django.test import Client

from shop.tests.cards import GOOD
from shop.tests.contract import hold, hold_request

ADDRESS = {
    "name": "Ada Lovelace",
    "line1": "1 Harbour Street",
    "city": "Berlin",
    "postcode": "10115",
    "country": "DE",
}


@dataclass(frozen=True)
class Answer:
    """What the API said."""

    status: int
    body: Any
    headers: dict[str, str]  # names in lower case


Transport = Callable[[str, str, Any, dict[str, str]], Answer]


def in_process(method: str, path: str, body: Any, headers: dict[str, str]) -> Answer:
    """Through Django's test client."""
    response = Client().generic(
        method,
        path,
        data="" if body is None else json.dumps(body),
        content_type="application/json",
        headers=headers,
    )
    text = response.content.decode()
    names = {name.lower(): value for name, value in response.headers.items()}
    return Answer(response.status_code, json.loads(text) if text else None, names)


def over_http(base: str, *, seconds: float = 30) -> Transport:
    """Through a socket to a server on this machine."""

    def call(method: str, path: str, body: Any, headers: dict[str, str]) -> Answer:
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json", **headers}
        request = Request(base + path, data=data, headers=headers, method=method)  # noqa: S310
        try:
            with urlopen(request, timeout=seconds) as response:  # noqa: S310
                answer = _read(response)
        except HTTPError as error:
            with error:
                answer = _read(error)
        media = answer.headers.get("content-type", "")
        hold(method, path, answer.status, media, lambda: answer.body)
        hold_request(method, path, answer.status, data or b"")
        return answer

    return call


def _read(response: Any) -> Answer:
    text = response.read().decode()
    names = {name.lower(): value for name, value in response.headers.items()}
    return Answer(response.status, json.loads(text) if text else None, names)


class Refused(AssertionError):
    """The API did not answer as a shopper with good intentions expects."""


@dataclass
class Shopper:
    """A guest with a cart."""

    call: Transport = in_process
    headers: dict[str, str] = field(default_factory=dict)

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        """The answer, whatever it is."""
        return self.call(method, f"/api/v1/{path}", body, {**self.headers, **headers})

    def get(self, path: str) -> Any:
        return self._expect({200}, self.ask("GET", path)).body

    def add(self, sku: str, quantity: int = 1) -> None:
        answer = self._expect(
            {201}, self.ask("POST", "cart/lines/", {"sku": sku, "quantity": quantity})
        )
        if token := answer.headers.get("cart-token"):
            self.headers["Cart-Token"] = token

    def cart(self) -> dict[str, int]:
        """Units by SKU."""
        return {line["sku"]: line["quantity"] for line in self.get("cart/")["lines"]}

    def quote(self) -> str:
        answer = self._expect({200}, self.ask("POST", "cart/quote/", {"country": "DE"}))
        return str(answer.body["quote"])

    def card(self, number: str = GOOD) -> str:
        """A token for the card."""
        card = {"number": number, "exp_month": 12, "exp_year": 2035, "cvc": "123"}
        return str(self._expect({201}, self.ask("POST", "payments/methods/", card)).body["token"])

    def order(self, quote: str, method: str, *, key: str | None = None) -> Answer:
        """Post the quote; 201 for a new order, 200 for the one that it made before."""
        body = {
            "quote": quote,
            "email": "ada@example.com",
            "shipping_address": ADDRESS,
            "payment_method": method,
        }
        return self.ask("POST", "orders/", body, **{"Idempotency-Key": key or uuid4().hex})

    def buy(self, sku: str, quantity: int = 1, *, card: str = GOOD) -> str:
        """From an empty cart to a PENDING order; its id."""
        self.add(sku, quantity)
        return self.check_out(card=card)

    def check_out(self, *, card: str = GOOD) -> str:
        """The cart as it is becomes a PENDING order; its id."""
        answer = self._expect({201}, self.order(self.quote(), self.card(card)))
        if answer.body["status"] != "PENDING":
            raise Refused(answer.body)
        return str(answer.body["id"])

    def retry(self, order_id: str, *, card: str = GOOD) -> str:
        """Pay a failed order again; the new order's id."""
        body = {"payment_method": self.card(card)}
        answer = self._expect({201}, self.ask("POST", f"orders/{order_id}/retry/", body))
        return str(answer.body["id"])

    def cancel(self, order_id: str) -> Answer:
        return self.ask("POST", f"orders/{order_id}/cancel/", {})

    def look(self, order_id: str) -> dict[str, Any]:
        """The order as it is now."""
        return dict(self.get(f"orders/{order_id}/"))

    def status(self, order_id: str) -> str:
        return str(self.look(order_id)["status"])

    def _expect(self, statuses: set[int], answer: Answer) -> Answer:
        if answer.status not in statuses:
            raise Refused(f"{answer.status}: {answer.body}")
        return answer
