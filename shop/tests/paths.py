"""The paths of the saga as steps that a client and the bus can take again after a death.

What a step needs and leaves is in a dict of plain values, so that each can be taken by a process
of its own. A request is sent again with the key that it had.
"""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import connection
from django.utils import timezone

from apps.inventory.models import StockItem
from apps.inventory.operations import adjust_stock
from apps.notifications.models import MailboxMessage, Notification
from apps.orders.models import Order
from apps.payments.models import GatewayCharge, GatewayRefund
from apps.users.models import User
from eventbus.cursors import prepare
from eventbus.testing import drain, published
from eventbus.worker import Caller, Worker
from shop.invariants import violations
from shop.tests.cards import CHALLENGED, GOOD, NO_FUNDS, SILENT_THEN_PAID
from shop.tests.factories import ArticleFactory
from shop.tests.shopper import Answer, Shopper

State = dict[str, Any]
PASSWORD = "correct horse battery"  # of everybody here


@dataclass(frozen=True)
class Step:
    """One request, or the bus at work."""

    side: str  # "web" or "worker"
    act: Callable[[State], None]
    measurable: bool = False  # the bus works as it will, by the real clock
    ahead: timedelta = timedelta()  # of the real clock


def web(
    method: str, path: str, body: Any = None, *, answers: set[int], staff: bool = False
) -> Step:
    """A request; `path` is filled from the state. It has the same Idempotency-Key each time."""

    def act(state: State) -> None:
        headers = {"Idempotency-Key": path}
        if staff:
            headers["Authorization"] = f"Bearer {state['staff']}"
        answer = _shopper(state).ask(method, path.format(**state), body, **headers)
        _expect(answer, answers)

    return Step("web", act)


def _shopper(state: State) -> Shopper:
    return Shopper(headers=dict(state["headers"]))


def _expect(answer: Answer, statuses: set[int]) -> None:
    assert answer.status in statuses, f"{answer.status}: {answer.body}"


def _place(state: State) -> None:
    answer = _shopper(state).order(state["quote"], state["method"], key="place")
    _expect(answer, {200, 201})
    state["order"] = answer.body["id"]


def _retry(state: State) -> None:
    body = {"payment_method": state["other_method"]}
    path = f"orders/{state['order']}/retry/"
    answer = _shopper(state).ask("POST", path, body, **{"Idempotency-Key": "retry"})
    _expect(answer, {200, 201})
    state["paid"] = answer.body["id"]


def _work(state: State) -> None:
    """As the process of the bus does, until there is nothing to do."""
    prepare()
    worker, caller, idle = Worker(), Caller(), 0
    while idle < 2:
        idle = 0 if worker.step() + caller.step() else idle + 1
    _note_challenge(state)


def _note_challenge(state: State) -> None:
    if asked := published("payments.action_required", key=state.get("order")):
        state["challenge"] = asked[-1]["url"].removeprefix("/api/v1/").removeprefix("/")


def _work_up_to_the_call(state: State) -> None:
    """Until the payment is asked for, and not made."""
    prepare()
    worker = Worker()
    while not published("payments.requested", key=state["order"]):
        worker.step()


def _wait(minutes: int) -> Step:
    ahead = timedelta(minutes=minutes)

    def act(state: State) -> None:
        drain(now=timezone.now() + ahead)

    return Step("worker", act, ahead=ahead)


PLACE, RETRY = Step("web", _place), Step("web", _retry)
WORK = Step("worker", _work, measurable=True)
WORK_UP_TO_THE_CALL = Step("worker", _work_up_to_the_call)
CANCEL = web("POST", "orders/{order}/cancel/", {}, answers={200})
PARCEL = {"carrier": "DHL", "tracking": "00340434161094042557"}
SHIP = web("POST", "orders/{order}/ship/", PARCEL, answers={200}, staff=True)
DELIVER = web("POST", "orders/{order}/deliver/", {}, answers={200}, staff=True)
ACCOUNT = {"email": "ben@example.com", "name": "Ben", "password": PASSWORD}
SIGN_UP = web("POST", "users/", ACCOUNT, answers={201})


def _answer(answer: str) -> Step:
    return web("POST", "{challenge}", {"answer": answer}, answers={200})


@dataclass(frozen=True)
class Path:
    """What is done, and how it ends: statuses of the orders, units on hand of two, charges
    captured, refunds, mails."""

    steps: list[Step]
    ends: list[str]
    on_hand: int
    charges: int
    mails: list[str]
    refunds: int = 0
    card: str = GOOD
    sold_out: bool = False


CONFIRMED = {"ends": ["CONFIRMED"], "on_hand": 1, "charges": 1, "mails": ["order_confirmed"]}
FAILED = {"ends": ["FAILED"], "on_hand": 2, "charges": 0, "mails": ["order_failed"]}
CANCELLED = {"ends": ["CANCELLED"], "on_hand": 2, "charges": 0, "mails": ["order_cancelled"]}
REFUNDED = ["order_cancelled", "order_confirmed", "payment_refunded"]
PATHS: dict[str, Path] = {
    "paid": Path([PLACE, WORK], **CONFIRMED),
    "sold out": Path([PLACE, WORK], sold_out=True, **{**FAILED, "on_hand": 0}),
    "declined": Path([PLACE, WORK], card=NO_FUNDS, **FAILED),
    "3-D Secure approved": Path(
        [PLACE, WORK, _answer("approve"), WORK], card=CHALLENGED, **CONFIRMED
    ),
    "3-D Secure denied": Path([PLACE, WORK, _answer("deny"), WORK], card=CHALLENGED, **FAILED),
    "3-D Secure abandoned": Path([PLACE, WORK, _wait(11)], card=CHALLENGED, **FAILED),
    "silent, paid later": Path(
        [PLACE, WORK, _wait(1), _wait(2)], card=SILENT_THEN_PAID, **CONFIRMED
    ),
    "cancelled while paying": Path([PLACE, WORK_UP_TO_THE_CALL, CANCEL, WORK], **CANCELLED),
    "cancelled when confirmed": Path(
        [PLACE, WORK, CANCEL, WORK],
        **{**CANCELLED, "charges": 1, "mails": REFUNDED},
        refunds=1,
    ),
    "paid after a decline": Path(
        [PLACE, WORK, RETRY, WORK],
        card=NO_FUNDS,
        **{
            **CONFIRMED,
            "ends": ["FAILED", "CONFIRMED"],
            "mails": ["order_confirmed", "order_failed"],
        },
    ),
    "shipped and delivered": Path(
        [PLACE, WORK, SHIP, WORK, DELIVER, WORK],
        **{
            **CONFIRMED,
            "ends": ["DELIVERED"],
            "mails": ["order_confirmed", "order_delivered", "order_shipped"],
        },
    ),
    "signed up": Path([SIGN_UP, WORK], ends=[], on_hand=2, charges=0, mails=["email_verification"]),
}


def prepare_shop() -> State:
    """Two of an article, staff, and a shopper about to order one; as plain values."""
    sku = ArticleFactory(units=2)
    User.objects.create_superuser(email="staff@example.com", password=PASSWORD, name="Staff")
    person = {"email": "staff@example.com", "password": PASSWORD}
    staff = Shopper().ask("POST", "users/token/", person)
    _expect(staff, {200})
    shopper = Shopper()
    shopper.add(sku)
    quote, other = shopper.quote(), shopper.card(GOOD)
    drain()
    return {
        "sku": sku,
        "headers": shopper.headers,
        "quote": quote,
        "other_method": other,
        "staff": staff.body["access"],
    }


def prepare_path(path: Path, state: State) -> None:
    """The card, and what has happened to the stock since the quote."""
    state["method"] = _shopper(state).card(path.card)
    if path.sold_out:
        adjust_stock(sku=state["sku"], delta=-2, reason="Broken", by="test")
    drain()


def wait_for_the_dead() -> None:
    """Until the server has seen that the process is gone, and has rolled back what it began."""
    if connection.vendor != "postgresql":
        return
    others = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
    give_up = time.monotonic() + 10
    with connection.cursor() as cursor:
        while cursor.execute(others) and cursor.fetchone():
            assert time.monotonic() < give_up, "A session of the dead process is still there."
            time.sleep(0.002)


def take_over_calls(step: Step, state: State) -> None:
    """What the bus does a second after a death in this step: it makes the call again that was
    under way, if it can have been one."""
    if step is WORK or step.ahead:
        drain(now=timezone.now() + step.ahead + timedelta(seconds=2))
        _note_challenge(state)


def settle() -> None:
    """What a fresh process does after a death, and what it does until the last deadline is over."""
    _work({})
    for seconds in (2, 60, 120, 31 * 60):
        drain(now=timezone.now() + timedelta(seconds=seconds))


def wrong(path: Path) -> list[str]:
    """What is not as the path must end, and every broken promise."""
    found = [str(each) for each in violations(killed=True)]
    mails = sorted(Notification.objects.values_list("kind", flat=True))
    charges = GatewayCharge.objects.filter(status="captured")
    ended = {
        "ends": list(Order.objects.order_by("placed_at").values_list("status", flat=True)),
        "on_hand": StockItem.objects.get().on_hand,
        "charges": charges.count(),
        "refunds": GatewayRefund.objects.filter(status="done").count(),
        "mails": mails,
    }
    found += [
        f"{name}: {value}, not {getattr(path, name)}"
        for name, value in ended.items()
        if value != getattr(path, name)
    ]
    return found + _wrong_mails()


def _wrong_mails() -> list[str]:
    """Each was sent once, or one at most is held for a person as nobody knows whether it was."""
    states = Counter(Notification.objects.values_list("state", flat=True))
    sent, held = states.pop("sent", 0), states.pop("held", 0)
    found = [f"{count} mails {state}" for state, count in states.items()]
    taken = MailboxMessage.objects.count()
    if held > 1 or not sent <= taken <= sent + held:
        found.append(f"{sent} mails sent, {held} held, {taken} taken by the server")
    return found
