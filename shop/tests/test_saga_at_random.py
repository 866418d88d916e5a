"""Any history of the whole shop ends well: whatever shoppers and staff do, however the gateway
acts, in whatever order the bus works, and wherever its process dies."""

from typing import Any

import pytest
from django.core import mail
from django.core.cache import cache
from django.core.management import call_command
from hypothesis import HealthCheck, Phase, event, given, note, settings
from hypothesis import strategies as st

from apps.orders.models import Order
from apps.orders.operations import sweeping
from apps.payments.gateway.numbers import TEST_CARDS
from shop.clock import moved_clock
from shop.tests.cards import GOOD
from shop.tests.histories import History

NIGHTLY = settings.get_current_profile_name() == "nightly"
EXAMPLES = 400 if NIGHTLY else 12

some = st.integers(0, 5)
few = st.sampled_from([1, 2, 3, 1])
cards = st.just(GOOD) | st.sampled_from(
    [card.number for card in TEST_CARDS if card.behaviour != "slow"]
)
codes = st.sampled_from(["", "", "ONCE", "ALL"])


def act(name: str, **arguments: Any) -> Any:
    return st.tuples(st.just(name), st.fixed_dictionaries(arguments))


acts = st.one_of(
    act("buy", who=some, what=some, units=few, card=cards, code=codes),
    act("buy", who=some, what=some, units=few, card=cards, code=codes),
    act("buy", who=some, what=some, units=st.just(1), card=st.just(GOOD), code=codes),
    act("work", rounds=st.integers(1, 12)),
    act("work", rounds=st.integers(10, 30)),
    act("rest"),
    act("wait", minutes=st.sampled_from([1, 5, 10, 16, 31, 60, 24 * 60, 31 * 24 * 60])),
    act("add", who=some, what=some, units=few),
    act("set_units", who=some, what=some, units=st.integers(0, 3)),
    act("take_coupon", who=some, code=codes),
    act("quote", who=some),
    act("post", who=some, card=cards, which=st.integers(0, 2)),
    act("post_again", who=some, same_key=st.booleans()),
    act("sign_in", who=some),
    act("retry", which=some, card=cards),
    act("retry_at_once", who=some, what=some, card=cards, rounds=st.integers(0, 8)),
    act("regret", who=some, what=some, card=cards, rounds=st.integers(4, 12)),
    act("order_again", who=some, which=some),
    act("cancel", which=some),
    act("answer_bank", which=some, answer=st.sampled_from(["approve", "approve", "deny"])),
    act("staff_cancel", which=some),
    act("give_back", which=some, cents=st.sampled_from([1, 250, 1490])),
    act("send", which=some),
    act("reprice", what=some, cents=st.sampled_from([600, 1000, 1200])),
    act("plan_sale", what=some, begins=st.sampled_from([-1, 5]), lasts=st.sampled_from([5, 60])),
    act("count_stock", what=some, delta=st.sampled_from([-2, -1, 1, 2])),
    act("deliver_twice", which=st.integers(0, 99)),
    act("deliver_twice", which=st.integers(0, 99)),
    act("kill", statement=st.integers(1, 40)),
)


@pytest.mark.django_db(transaction=True)
@pytest.mark.timeout(3600 if NIGHTLY else 240)
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    print_blob=True,
    # On CI a history is run again by its seed; to make it shorter takes too long there.
    phases=set(Phase) - (set() if NIGHTLY else {Phase.shrink}),
    suppress_health_check=list(HealthCheck),
)
@given(
    seed=st.integers(0, 2**32 - 1),
    units=st.lists(few, min_size=1, max_size=2),
    persons=few,
    ranges=st.sampled_from([1, 1, 2]),
    script=st.lists(acts, min_size=10, max_size=40 if NIGHTLY else 25),
)
def test_every_history_ends_well(
    settings: Any,
    seed: int,
    units: list[int],
    persons: int,
    ranges: int,
    script: list[tuple[str, dict[str, Any]]],
) -> None:
    note(f"seed {seed}")
    settings.STAFF_MAIL = ["staff@example.com"]
    settings.GATEWAY_WEBHOOK_SECONDS = 60
    empty()
    with moved_clock() as clock:
        history = History(clock, seed=seed, units=units, persons=persons, ranges=ranges)
        for name, arguments in script:
            getattr(history, name)(**arguments)
        found = history._end()
        for order in Order.objects.all():
            event(f"{order.status} {order.failure_code}")
        assert found == []


def empty() -> None:
    """As a new test finds the shop; hypothesis runs many examples in one."""
    call_command("flush", verbosity=0, interactive=False, inhibit_post_migrate=True)
    cache.clear()
    mail.outbox.clear()
    sweeping._planned.clear()
