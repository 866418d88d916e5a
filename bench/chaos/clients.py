"""Shoppers who buy over HTTP and ask again, with the same key, until they are answered."""

import json
import random
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen
from uuid import UUID

from bench.chaos.history import History
from shop.tests.cards import GOOD, NO_FUNDS
from shop.tests.shopper import ADDRESS, Answer, Refused, Shopper

PLENTY = ("MUG-BLU",)
SCARCE = ("MUG-GRA",)
GATEWAY = (  # silent though paid, told twice, told in the wrong order, failing, slow
    *("9911730000000019", "9911730000000035", "9911730000000043"),
    *("9911730000000068", "9911730000000076"),
)
PATIENCE = 45.0  # seconds that a request is repeated
ANSWER_SECONDS = 10  # for one answer


class Away(Exception):
    """Nobody has answered in all the time."""


class Client(threading.Thread):
    """One after the other comes, buys and goes, all drawn from `seed`."""

    def __init__(
        self, seed: int, ports: list[int], history: History, fault: Callable[[], str]
    ) -> None:
        super().__init__(name=f"client {seed}", daemon=True)
        self.draw = random.Random(seed)
        self.ports, self.history, self.fault = ports, history, fault
        self.cards: tuple[str, ...] = ()  # more of them, while the gateway has a fault
        self.stopped = threading.Event()
        self.broken: BaseException | None = None

    def run(self) -> None:
        try:
            while not self.stopped.wait(self.draw.uniform(0.3, 1.2)):
                with suppress(Away, Refused):  # sold out, or gone elsewhere: the history has it
                    self.shop()
        except BaseException as error:
            self.broken = error
            raise

    def shop(self) -> None:
        shopper = Shopper(self.insist)
        shopper.add(self.draw.choice((*PLENTY, *PLENTY, *SCARCE)), self.draw.randint(1, 2))
        card = self.draw.choice((GOOD, GOOD, GOOD, NO_FUNDS, *self.cards))
        order = self.place(shopper, shopper.quote(), shopper.card(card))
        if order and self.draw.random() < 0.2:
            self.cancel(shopper, order)
        elif order and card == NO_FUNDS and self.draw.random() < 0.7:
            self.pay_again(shopper, order)

    def place(self, shopper: Shopper, quote: str, method: str) -> str:
        """The order's id, or "". One in five is sent a second time though it was answered."""
        key = self.key()
        body = {
            **{"quote": quote, "email": f"{key}@chaos.example"},
            **{"shipping_address": ADDRESS, "payment_method": method},
        }
        answer = self.ask("place", key, shopper, "orders/", body)
        if self.draw.random() < 0.2:
            self.ask("place", key, shopper, "orders/", body)
        return str(answer.body["id"]) if answer.status in {200, 201} else ""

    def cancel(self, shopper: Shopper, order: str) -> None:
        time.sleep(self.draw.uniform(0, 0.6))
        self.ask("cancel", self.key(), shopper, f"orders/{order}/cancel/", {}, order=order)

    def pay_again(self, shopper: Shopper, order: str) -> None:
        for _ in range(20):
            if shopper.status(order) == "FAILED":
                body = {"payment_method": shopper.card(GOOD)}
                self.ask("retry", self.key(), shopper, f"orders/{order}/retry/", body)
                return
            time.sleep(0.5)

    def ask(
        self, what: str, key: str, shopper: Shopper, path: str, body: Any, *, order: str = ""
    ) -> Answer:
        """As `shopper.ask`, with its invocation and its outcome in the history."""
        self.history.note("invoke", what, key, order=order)
        try:
            answer = shopper.ask("POST", path, body, **{"Idempotency-Key": key})
        except Away:
            self.history.note("unknown", what, key, order=order)
            raise
        accepted = answer.status in {200, 201, 202}
        facts = {"status": answer.status, "order": order, "body": answer.body}
        if accepted and "id" in answer.body:
            facts["order"] = answer.body["id"]
        self.history.note("ok" if accepted else "fail", what, key, **facts)
        return answer

    def insist(self, method: str, path: str, body: Any, headers: dict[str, str]) -> Answer:
        """The first answer that is one: not an error of the server, nor a request to wait."""
        give_up = time.monotonic() + PATIENCE
        while time.monotonic() < give_up:
            answer = self.once(method, path, body, headers)
            waits = answer.status == 409 and "retry-after" in answer.headers
            if 0 < answer.status < 500 and answer.status != 429 and not waits:
                return answer
            time.sleep(self.draw.uniform(0.2, 0.6))
        raise Away(path)

    def once(self, method: str, path: str, body: Any, headers: dict[str, str]) -> Answer:
        """What one try brings; its status is 0 when the connection broke."""
        data = None if body is None else json.dumps(body).encode()
        url = f"http://127.0.0.1:{self.draw.choice(self.ports)}{path}"
        headers = {"Content-Type": "application/json", **headers}
        try:
            with urlopen(
                Request(url, data=data, headers=headers, method=method),
                timeout=ANSWER_SECONDS,
            ) as response:
                answer = _read(response)
        except HTTPError as error:
            with error:
                answer = _read(error)
        except (URLError, OSError, HTTPException):
            answer = Answer(0, None, {})
        fault = self.fault()
        self.history.count(answer.status, fault)
        says_when = answer.status == 503 and "retry-after" in answer.headers
        if answer.status >= 500 and not says_when:
            meanwhile = fault or "no fault"
            self.history.errors.append(f"{answer.status} of {method} {path} ({meanwhile})")
        return answer

    def key(self) -> str:
        """Drawn as well, so that a seed makes the same requests."""
        return UUID(int=self.draw.getrandbits(128), version=4).hex


def _read(response: Any) -> Answer:
    text = response.read().decode()
    headers = {name.lower(): value for name, value in response.headers.items()}
    try:
        body = json.loads(text) if text else None
    except json.JSONDecodeError:  # a page: whatever it says, its status counts
        body = text
    return Answer(response.status, body, headers)
