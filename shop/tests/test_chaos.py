"""Everything breaks once around a shop of real processes, and nothing is lost: bench/chaos."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from bench.chaos.faults import FAULTS
from bench.chaos.history import History
from bench.chaos.report import table
from bench.chaos.run import chaos
from bench.chaos.verdict import lost, mails_twice, phantoms, twice, uncancelled

SEED = 7
PACE = 1.0 if settings.get_current_profile_name() == "nightly" else 0.2


@pytest.mark.engine("sqlite")  # once is enough: it brings its own servers
@pytest.mark.process
@pytest.mark.postgres
@pytest.mark.redis
@pytest.mark.timeout(400)
def test_every_fault_once(tmp_path: Path) -> None:
    report = chaos(seed=SEED, seconds=1, faults=FAULTS, folder=tmp_path, pace=PACE)

    assert report.violations == [], table(report)
    assert sum(report.faults.values()) == len(FAULTS)
    assert report.counts["answers to COMMIT lost"] > 0
    assert report.counts["dead letters of poison skipped"] > 0
    assert report.counts["events too new for old code, retried"] > 0
    assert report.orders["CONFIRMED"] > 0


# The checker finds what is wrong --------------------------------------------------------------
@pytest.fixture
def history(tmp_path: Path) -> Iterator[History]:
    told = History(tmp_path / "history.jsonl")
    for key in ("a", "b", "c"):
        told.note("invoke", "place", key)
    told.note("ok", "place", "a", status=201, order="1", body={"id": "1"})
    told.note("fail", "place", "b", status=409)
    told.note("unknown", "place", "c")
    yield told
    told.close()


KEPT = ("1", "a@chaos.example", "CONFIRMED", "")
UNKNOWN = ("3", "c@chaos.example", "CONFIRMED", "")


def test_what_was_told_is_there_and_what_is_unknown_may_be(history: History) -> None:
    for orders in ([KEPT], [KEPT, UNKNOWN]):
        assert lost(history, orders) == []
        assert phantoms(history, orders) == []
        assert twice(history, orders) == []
        assert uncancelled(history, orders) == []


def test_an_acknowledged_order_that_is_not_there_is_lost(history: History) -> None:
    assert lost(history, [UNKNOWN]) == ["order 1 was acknowledged and is lost"]


def test_an_order_that_was_refused_or_never_asked_for_is_a_phantom(history: History) -> None:
    refused, strange = ("2", "b@chaos.example", "PENDING", ""), ("4", "d@chaos.example", "", "")
    again = ("5", "a@chaos.example", "PENDING", "1")
    assert phantoms(history, [KEPT, refused, strange, again]) == [
        "order 2 of b@chaos.example was never accepted",
        "order 4 of d@chaos.example was never accepted",
        "order 5 of a@chaos.example was never accepted",
    ]


def test_a_key_makes_one_order_and_is_answered_in_one_way(history: History) -> None:
    history.note("ok", "place", "a", status=200, order="1", body={"id": "1"})
    found = twice(history, [KEPT, ("6", "a@chaos.example", "PENDING", "")])
    assert found == [
        "2 orders of a@chaos.example",
        "key a was answered in two ways: [(201, {'id': '1'}), (200, {'id': '1'})]",
    ]


def test_a_cancellation_that_was_forgotten(history: History) -> None:
    history.note("ok", "cancel", "k", status=200, order="1")
    assert uncancelled(history, [KEPT]) == ["order 1 was cancelled, they said, and is CONFIRMED"]


def test_a_mail_that_was_received_twice() -> None:
    assert mails_twice(Counter({("ada", "Order 1"): 1, ("ada", "Order 2"): 2})) == [
        "2 mails: ('ada', 'Order 2')"
    ]
