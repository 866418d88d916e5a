"""Effects belong to their cause's trace and correlation, and take nothing else along."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from django.db import transaction

from eventbus import Envelope, publish, subscribe, tracing
from eventbus.models import Event
from eventbus.testing import drain
from eventbus.tests.conftest import Effects, Followed, Happened, Number

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"  # the specification's example
ARRIVED = f"00-{TRACE}-{SPAN}-01"


@pytest.mark.parametrize(
    ("given", "read"),
    [
        (ARRIVED, ARRIVED),
        (f"00-{TRACE}-{SPAN}-00", f"00-{TRACE}-{SPAN}-00"),
        (f"00-{TRACE}-{SPAN}-03", ARRIVED),  # of the flags, level 1 knows the last alone
        (f"01-{TRACE}-{SPAN}-01", ARRIVED),  # a later version is read as far as it is known
        (f"cc-{TRACE}-{SPAN}-01-what-the-future-will-be-like", ARRIVED),
        (f"cc-{TRACE}-{SPAN}-01.what-the-future-will-not-be-like", None),
        (f"00-{TRACE}-{SPAN}-01-more", None),
        (f"ff-{TRACE}-{SPAN}-01", None),
        (f"0-{TRACE}-{SPAN}-01", None),
        (f"00-{TRACE.upper()}-{SPAN}-01", None),
        (f"00-{'0' * 32}-{SPAN}-01", None),
        (f"00-{TRACE}-{'0' * 16}-01", None),
        (f"00-{TRACE[1:]}-{SPAN}-01", None),
        (f"00-{TRACE}-{SPAN}-1", None),
        (f"00-{TRACE}-{SPAN}", None),
        (f"{ARRIVED}\n", None),
        (f"{ARRIVED},{ARRIVED}", None),  # sent twice
        ("", None),
        (None, None),
        (7, None),
    ],
)
def test_a_traceparent_is_read_as_the_specification_says(given: object, read: str | None) -> None:
    assert tracing.parse(given) == read


def headers(name: str = "test.happened") -> list[dict[str, Any]]:
    return [row.headers for row in Event.objects.filter(name=name).order_by("id")]


def trace_of(header: str) -> tuple[str, str]:
    version, trace, _span, flags = header.split("-")
    assert version == "00"
    return trace, flags


@pytest.mark.django_db
def test_an_event_without_a_request_begins_a_trace_that_nobody_records() -> None:
    one, other = publish(Happened(n=1), key="k"), publish(Happened(n=2), key="k")

    assert [row["traceparent"] for row in headers()] == [
        f"00-{one.hex}-{one.hex[16:]}-00",
        f"00-{other.hex}-{other.hex[16:]}-00",
    ]


@pytest.mark.django_db
def test_what_a_request_publishes_continues_its_trace_with_new_spans() -> None:
    with tracing.arriving(traceparent=ARRIVED):
        assert tracing.current() == ARRIVED
        one, other = publish(Happened(n=1), key="k"), publish(Happened(n=2), key="k")

    assert [row["traceparent"] for row in headers()] == [
        f"00-{TRACE}-{one.hex[16:]}-01",
        f"00-{TRACE}-{other.hex[16:]}-01",
    ]
    assert [row["correlation_id"] for row in headers()] == [str(one), str(other)]
    assert tracing.current() is None


@pytest.mark.django_db
@pytest.mark.parametrize("malformed", [None, "", "00-garbage", f"ff-{TRACE}-{SPAN}-01"])
def test_a_request_without_a_good_trace_begins_one_for_all_its_events(
    malformed: str | None,
) -> None:
    with tracing.arriving(traceparent=malformed):
        publish(Happened(n=1), key="k")
        publish(Happened(n=2), key="k")
    with tracing.arriving(traceparent=malformed):
        publish(Happened(n=3), key="k")

    first, second, third = [trace_of(row["traceparent"]) for row in headers()]
    assert first == second != third
    assert first[0] != TRACE
    assert {flags for _, flags in (first, second, third)} == {"00"}


@pytest.mark.django_db
def test_a_correlation_that_is_given_is_kept() -> None:
    with tracing.arriving(traceparent=None, correlation_id="import-7"):
        publish(Happened(n=1), key="k")

    assert headers()[0]["correlation_id"] == "import-7"


def test_an_effect_names_its_cause_and_shares_its_trace_and_correlation(effects: Effects) -> None:
    @subscribe("test.happened", subscriber="x")
    def follow(view: Number, envelope: Envelope) -> None:
        assert tracing.current() == envelope.headers["traceparent"]
        publish(Followed(n=view.n), key="k")
        publish(Followed(n=view.n + 1), key="k")

    with tracing.arriving(traceparent=ARRIVED, correlation_id="import-7"), transaction.atomic():
        cause = publish(Happened(n=1), key="k")
    drain()

    first, second = Event.objects.filter(name="test.followed").order_by("id")
    for effect in (first, second):
        assert effect.headers == {
            "correlation_id": "import-7",
            "causation_id": str(cause),
            "traceparent": f"00-{TRACE}-{effect.event_id.hex[16:]}-01",
        }
    assert first.event_id.hex[16:] != second.event_id.hex[16:]


def test_a_rerun_gives_its_events_the_same_spans(effects: Effects) -> None:
    seen: list[UUID] = []

    @subscribe("test.happened", subscriber="x")
    def follow(view: Number) -> None:
        seen.append(publish(Followed(n=1), key="k"))
        if len(seen) == 1:
            raise ValueError("the first run is rolled back")

    with transaction.atomic():
        publish(Happened(n=1), key="k")
    drain()

    [effect] = headers("test.followed")
    assert {event_id.hex[16:] for event_id in seen} == {effect["traceparent"].split("-")[2]}
    assert len(seen) == 2


@pytest.mark.parametrize("brought", [{}, {"traceparent": "no trace"}])
def test_an_effect_of_an_event_without_a_trace_begins_one(
    effects: Effects, brought: dict[str, str]
) -> None:
    """Another system's event need not have any of our headers."""
    sent_on = []

    @subscribe("test.happened", subscriber="x")
    def follow(view: Number) -> None:
        sent_on.append(tracing.current())
        publish(Followed(n=1), key="k")

    with transaction.atomic():
        cause = publish(Happened(n=1), key="k")
    Event.objects.update(headers=brought | {"secret": "of its context"})
    drain()

    [effect] = Event.objects.filter(name="test.followed")
    assert effect.headers == {
        "correlation_id": str(cause),
        "causation_id": str(cause),
        "traceparent": f"00-{effect.event_id.hex}-{effect.event_id.hex[16:]}-00",
    }
    assert sent_on == [None]


def test_a_call_outside_can_send_the_trace_on(effects: Effects) -> None:
    sent_on = []

    @subscribe("test.happened", subscriber="caller", external=True)
    def call(view: Number) -> Callable[[], object]:
        sent_on.append(tracing.current())
        return lambda: publish(Followed(n=1), key="k")

    with tracing.arriving(traceparent=ARRIVED), transaction.atomic():
        cause = publish(Happened(n=1), key="k")
    drain()

    assert sent_on == [f"00-{TRACE}-{cause.hex[16:]}-01"]
    assert trace_of(headers("test.followed")[0]["traceparent"]) == (TRACE, "01")
