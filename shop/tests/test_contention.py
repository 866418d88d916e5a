"""Many clients for the last unit, over HTTP, in the same moment: bench/contention.py."""

from collections import Counter

import pytest
from django.db import connection

from bench.contention import last_unit, verdict
from bench.contention_shop import opened

CLIENTS, TIMES = 20, 3
SOLD = {"A": Counter({"CONFIRMED": 1, "FAILED out_of_stock": 19})}


@pytest.mark.process
@pytest.mark.timeout(300)
def test_the_last_unit_is_sold_once_and_the_others_are_refused_in_words() -> None:
    with opened(connection.vendor) as shop:
        seen = last_unit(shop, clients=CLIENTS, times=TIMES)
    assert seen.wrong == []
    assert seen.answers == {"201": CLIENTS * TIMES}
    assert (seen.confirmed, seen.refused) == (TIMES, (CLIENTS - 1) * TIMES)


@pytest.mark.nightly
@pytest.mark.process
@pytest.mark.postgres
@pytest.mark.engine("sqlite")  # once is enough: it brings its own database
@pytest.mark.timeout(300)
def test_workers_that_do_not_lock_the_stock_are_found_out() -> None:
    with opened("postgresql", wrong=True) as shop:
        seen = last_unit(shop, clients=CLIENTS, times=TIMES)
    assert seen.confirmed > TIMES
    assert "'CONFIRMED': 2" in seen.wrong[0]


def test_what_is_counted_as_wrong() -> None:
    gone = {"A": (0, 0)}
    assert verdict(SOLD, gone, ["A"], clients=20, units=1) == []
    assert verdict(SOLD, {"A": (0, 1)}, ["A"], clients=20, units=1) == [
        "A: (0, 1) on hand and held"
    ]
    for ended in (
        {"CONFIRMED": 2, "FAILED out_of_stock": 18},
        {"FAILED out_of_stock": 20},
        {"CONFIRMED": 1, "FAILED out_of_stock": 18, "PENDING": 1},
        {"CONFIRMED": 1, "FAILED out_of_stock": 18},
    ):
        told = verdict({"A": Counter(ended)}, gone, ["A"], clients=20, units=1)
        assert told == [f"A: {ended}"]
