"""Every test card does the same 100 of 100 times, whatever way its outcome takes."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.utils import timezone
from uuid_utils.compat import uuid7

from apps.payments import calls, operations
from apps.payments.gateway import TEST_CARDS, GatewayUnavailable, challenges, gateway
from apps.payments.models import GatewayCharge, Payment
from apps.payments.tests import factories as cards
from apps.payments.tests.factories import PaymentMethodFactory, card
from apps.payments.tests.steps import TOTAL, placed
from eventbus.models import Event, Scheduled
from eventbus.testing import drain

pytestmark = pytest.mark.django_db
TIMES = 100
DECLINES = {
    "4000000000000002": ("card_declined", "generic_decline"),
    "4000000000009995": ("card_declined", "insufficient_funds"),
    "4000000000000069": ("expired_card", "expired_card"),
    "4000000000000127": ("incorrect_cvc", "incorrect_cvc"),
    "4000000000000119": ("processing_error", "processing_error"),
    "4000000000000341": ("card_declined", "generic_decline"),
    cards.LATE_DECLINE: ("card_declined", "generic_decline"),
}
PROMPT = ("requested", "processed")
# What is said of a payment; the challenges are approved, and all webhooks and askings have come.
COURSES: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(DECLINES, ("requested", "failed")),
    **{each.number: PROMPT for each in TEST_CARDS if each.behaviour == "success"},
    cards.CHALLENGE: ("requested", "action_required", "processed"),
    cards.CHALLENGE_DECLINE: ("requested", "action_required", "failed"),
    cards.REFUND_FAILS: PROMPT,
    cards.REFUND_LATE: PROMPT,
    cards.LATE: PROMPT,
    cards.SILENT: ("requested",),
    cards.TWICE: PROMPT,
    cards.BACKWARDS: PROMPT,
    cards.BROKEN: PROMPT,
    cards.SLOW: PROMPT,
}
AT_FIRST = {  # the status when the gateway has been asked once
    **dict.fromkeys(DECLINES, "failed"),
    **dict.fromkeys(
        [
            *[cards.LATE, cards.SILENT, cards.TWICE, cards.BACKWARDS, cards.LATE_DECLINE],
            *[cards.BROKEN, cards.CHALLENGE, cards.CHALLENGE_DECLINE],
        ],
        "requested",
    ),
}


def test_every_test_card_has_its_course() -> None:
    assert set(COURSES) == {each.number for each in TEST_CARDS}


def request_charges(number: str) -> list[UUID]:
    """As many orders as there are times, each with a token of its own for the card."""
    stored = gateway.store(card(number))
    ids = [uuid7() for _ in range(TIMES)]
    facts = {"card": stored.reference, "brand": stored.brand, "last4": stored.last4}
    for order_id in ids:
        PaymentMethodFactory(token=f"pm_{order_id}", **facts)
    operations.note_reservations(ids)
    operations.note_orders([placed(order_id, f"pm_{order_id}") for order_id in ids])
    return ids


def ask_all(ids: list[UUID]) -> None:
    """The external step, and its records."""
    now = timezone.now()
    orders = [placed(order_id, "") for order_id in ids]
    operations.record_charges(calls.charge(orders, after=[now] * len(ids)))


def due(name: str) -> Iterator[dict[str, Any]]:
    """What was set for later, in its order; it is not there any more."""
    rows = Scheduled.objects.filter(name=name).order_by("due_at", "id")
    told = list(rows.values_list("payload", flat=True))
    rows.delete()
    yield from told


def let_pass(ids: list[UUID]) -> None:
    """Challenges are approved, webhooks come, and the gateway is asked again twice."""
    for challenge in GatewayCharge.objects.exclude(challenge=None):
        challenges.answer(challenge.challenge, approve=True)
    now_due = Event.objects.filter(name="payments.webhook_due").order_by("id")
    for webhook in [*now_due.values_list("payload", flat=True), *due("payments.webhook_due")]:
        calls.deliver_webhook(webhook_id=UUID(webhook["webhook_id"]))
    for _ in range(2):
        for ask in due("payments.outcome_due"):
            order_id, number = UUID(ask["order_id"]), ask["number"]
            if record := calls.ask_again(order_id=order_id, number=number, at=timezone.now()):
                record()


def said() -> dict[str, tuple[str, ...]]:
    """What was said of each payment, in the order it was."""
    private = ["payments.webhook_due", "payments.outcome_due"]
    events = Event.objects.filter(name__startswith="payments.").exclude(name__in=private)
    courses: dict[str, tuple[str, ...]] = {}
    for key, name in events.order_by("id").values_list("key", "name"):
        courses[key] = (*courses.get(key, ()), name.partition(".")[2])
    return courses


@pytest.mark.parametrize("number", COURSES)
def test_a_card_does_the_same_100_of_100_times(number: str) -> None:
    ids = request_charges(number)

    ask_all(ids)
    assert set(Payment.objects.values_list("status", flat=True)) == {
        AT_FIRST.get(number, "captured")
    }
    let_pass(ids)

    assert said() == {str(order_id): COURSES[number] for order_id in ids}
    assert GatewayCharge.objects.count() == TIMES
    ends = set(Payment.objects.values_list("status", "failure_code", "decline_code"))
    [(status, *codes)] = ends
    if number in DECLINES or number == cards.CHALLENGE_DECLINE:
        declined = DECLINES.get(number, ("card_declined", "generic_decline"))
        assert (status, *codes) == ("failed", *declined)
    else:
        assert status == ("requested" if number == cards.SILENT else "captured")


@pytest.mark.parametrize("number", [cards.REFUND_FAILS, cards.REFUND_LATE, cards.PAID])
def test_a_refund_goes_the_same_way_100_of_100_times(number: str) -> None:
    ids = request_charges(number)
    ask_all(ids)
    operations.end_payments(ids)
    asked = Event.objects.filter(name="payments.refund_requested")
    requests = list(asked.values_list("payload", flat=True))
    for request in requests:
        at, refund_id = timezone.now(), UUID(request["refund_id"])
        calls.refund(refund_id=refund_id, number=0, at=at)()
    for webhook in due("payments.webhook_due"):
        calls.deliver_webhook(webhook_id=UUID(webhook["webhook_id"]))

    end = "refund_failed" if number == cards.REFUND_FAILS else "refunded"
    assert said() == {
        str(order_id): ("requested", "processed", "refund_requested", end) for order_id in ids
    }
    left = set(Payment.objects.values_list("refunding_amount", flat=True))
    assert left == {0}


@pytest.mark.parametrize("number", sorted(set(COURSES) - {cards.BROKEN}))
def test_asked_again_with_the_same_key_the_answer_is_the_same(number: str) -> None:
    wanted = {"amount": TOTAL, "currency": "EUR", "reference": "order", "key": "one"}
    wanted["card"] = gateway.store(card(number)).reference

    def ask(method: Callable[..., Any], **request: Any) -> Any:
        try:
            return method(**request)
        except GatewayUnavailable:
            return None

    answers = [ask(gateway.charge, **wanted), ask(gateway.charge, **wanted)]
    answers.append(ask(gateway.outcome, key="one"))
    assert answers[1:] == answers[:1] * 2
    assert GatewayCharge.objects.count() == 1


# One at a time, and by the bus's own clock --------------------------------------------------------


@pytest.fixture
def bought(order_id: UUID) -> Callable[[str], UUID]:
    def buy(number: str) -> UUID:
        cards.say_created(order_id, cards.token_for(number))
        cards.say_reserved(order_id)
        drain()
        return order_id

    return buy


def test_a_silent_gateway_never_fails_a_payment(bought: Callable[[str], UUID]) -> None:
    order_id = bought(cards.SILENT)

    for hours in range(1, 8):
        drain(now=timezone.now() + timedelta(hours=hours))

    waiting = cards.payment(order_id)
    assert (waiting.status, said()[str(order_id)]) == ("requested", ("requested",))
    assert waiting.asks == 8  # each time that it was time to

    cards.say_cancelled(order_id)
    drain(now=timezone.now() + timedelta(hours=9))
    assert cards.payment(order_id).status == "cancel_requested"


@pytest.mark.parametrize("number", [cards.LATE, cards.TWICE, cards.BACKWARDS])
def test_what_is_told_in_time_is_processed_and_what_is_told_late_goes_back(
    bought: Callable[[str], UUID], number: str
) -> None:
    order_id = bought(number)
    assert cards.payment(order_id).status == "requested"
    cards.say_cancelled(order_id)
    drain()
    assert cards.payment(order_id).status == "cancel_requested"

    drain(now=timezone.now() + timedelta(minutes=1))

    assert cards.payment(order_id).status == "refunded"
    assert said()[str(order_id)] == ("requested", "refund_requested", "refunded")


def test_a_slow_gateway_that_outlasts_our_patience_has_not_answered(
    bought: Callable[[str], UUID], settings: Any
) -> None:
    settings.GATEWAY_TIMEOUT = timedelta(0)
    order_id = bought(cards.SLOW)
    assert cards.payment(order_id).status == "requested"
    assert GatewayCharge.objects.get().status == "captured"

    drain(now=timezone.now() + timedelta(seconds=1))

    assert cards.payment(order_id).status == "captured"


def test_a_call_that_takes_long_does_not_hold_up_those_behind_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ids = request_charges(cards.PAID)[:3]
    monkeypatch.setattr(calls, "TOGETHER_SECONDS", -1)  # the time is up at once

    ask_all(ids)
    assert GatewayCharge.objects.count() == 0
    assert Payment.objects.filter(asks=1, asked_at__isnull=False).count() == 3

    let_pass(ids)
    assert Payment.objects.filter(status="captured").count() == 3
