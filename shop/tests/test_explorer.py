"""The real handlers in every order of steps (docs/exploring.md), and the test of that test."""

from collections.abc import Iterator
from io import StringIO
from itertools import count
from typing import Any

import pytest
from django.core.management import call_command

from apps.orders.operations import recording
from shop.tests.explorer import model
from shop.tests.explorer.exploring import explore, plans
from shop.tests.explorer.mutants import MUTANTS
from shop.tests.explorer.places import Mistaken
from shop.tests.explorer.scenarios import SCENARIOS
from shop.tests.explorer.search import Explorer
from shop.tests.explorer.world import world

PAID = (
    "place A; read payments orders.created A1; read inventory orders.created A1;"
    " read orders inventory.reserved A1; read payments inventory.reserved A1; read payments payments.requested A1;"
    " call payments payments.requested A1 !2; call payments payments.requested A1;"
    " read orders payments.processed A1"
)
TO_THE_END = (  # within their whole bounds; the others take minutes, at night
    "paid",
    "declined",
    "challenged",
    "silent",
    "broken",
    "late",
    "refund-fails",
    "refund-late",
    "again",
    "cart",
    "mails",
    "two",
)
SMALL = [  # so small that every step can be taken in every state
    ("paid", {"crash": 1, "duplicate": 1, "cancel": 0}),
    ("refund-fails", {"crash": 0, "duplicate": 0, "cancel": 1, "time": 0}),
    ("challenged", {"crash": 0, "duplicate": 0, "cancel": 0}),
    ("again", {"crash": 0, "duplicate": 0, "cancel": 0}),
    ("two", {"crash": 0, "duplicate": 0, "cancel": 0}),
]
RECALLED = [
    ("paid", {"crash": 1, "duplicate": 1, "cancel": 1}),
    ("late", {"crash": 1, "duplicate": 0, "cancel": 0, "time": 1}),
    ("two", {"crash": 1, "duplicate": 0, "cancel": 0}),
]

pytestmark = pytest.mark.engine("sqlite")  # once is enough: it has a database of its own


@pytest.fixture(autouse=True)
def _tables_of_its_own(django_db_blocker: Any) -> Iterator[None]:
    """In memory: the tests' database is not touched."""
    with django_db_blocker.unblock():
        yield


@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", TO_THE_END)
def test_no_order_of_steps_breaks_a_promise(name: str) -> None:
    (plan,) = plans(scenario=name)
    found = explore(plan)
    assert (found.broken, found.exhausted) == ([], True)
    assert found.at_rest > 1


@pytest.mark.parametrize(("name", "bounds"), SMALL)
def test_steps_that_go_first_lead_to_the_same_ends(name: str, bounds: dict[str, int]) -> None:
    """As taking every step in every state."""
    (plan,) = plans(scenario=name, bounds=bounds)
    ends = []
    for reduced in (False, True):
        with world() as here:
            explorer = Explorer(here, plan.scenario, reduced=reduced)
            found = explorer.run()
            assert (found.broken, found.exhausted) == ([], True)
            ends.append((found.states, explorer.ends()))
    (states, every), (fewer, reached) = ends
    assert reached == every
    assert fewer < states


@pytest.mark.parametrize(("name", "bounds"), RECALLED)
def test_where_a_step_leads_is_recalled_as_it_is(name: str, bounds: dict[str, int]) -> None:
    """From each state the same steps and kills to the same states, as when each is done."""
    (plan,) = plans(scenario=name, bounds=bounds)
    seen = []
    for recalling in (False, True):
        with world() as here:
            explorer = Explorer(here, plan.scenario)
            if not recalling:
                explorer.places.footprints.recall = lambda step, facts: None  # type: ignore[method-assign]
            found = explorer.run()
            assert (found.broken, found.exhausted) == ([], True)
            seen.append((found.done, _edges(explorer)))
    (every, edges), (fewer, recalled) = seen
    assert recalled == edges
    assert fewer < every


def _edges(explorer: Explorer) -> set[tuple[int, str, int]]:
    names = [explorer.reading.digest(state.place.facts) for state in explorer.states]
    return {
        (name, edge.step, names[edge.to])
        for name, state in zip(names, explorer.states, strict=True)
        for edges in state.edges.values()
        for edge in edges
    }


def test_a_step_that_remembers_outside_the_tables_is_found_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nothing could be recalled of it."""
    real, times = recording.record_steps, count()

    def every_third(kind: str, steps: Any) -> None:
        if next(times) % 3:
            real(kind, steps)

    monkeypatch.setattr("apps.orders.operations.record_steps", every_third)
    with world() as here:
        explorer = Explorer(here, SCENARIOS["paid"])
        explorer.places.each = 1
        with pytest.raises(Mistaken, match="orders_timelineentry"):
            explorer.run()


@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", MUTANTS)
def test_each_mistake_is_found_and_its_trace_leads_there(name: str) -> None:
    (plan,) = plans(mutant=name)
    found = explore(plan)
    assert found.broken, f"{name} survived {found.states} states"
    assert not any("TypeError" in one for one in found.broken)  # it is wrong, not unable to run
    again = explore(plan, trace=found.trace)
    assert again.broken == found.broken


def test_a_trace_leads_to_the_same_state_each_time() -> None:
    (plan,) = plans(scenario="paid")
    trace = PAID.split("; ")
    first, second = explore(plan, trace=trace), explore(plan, trace=trace)
    assert first.reached == second.reached != ""
    assert first.broken == second.broken == []


def test_a_kill_at_any_statement_leaves_the_state_of_a_commit() -> None:
    """What the exploration takes for granted, tried at every statement of a call and a read."""
    with world() as here:
        explorer = Explorer(here, SCENARIOS["paid"])
        way = [step for step in PAID.split("; ") if "!" not in step]
        for count in range(1, len(way)):
            _kill_everywhere(explorer, way[:count])


def _kill_everywhere(explorer: Explorer, way: list[str]) -> None:
    here, places = explorer.world, explorer.places
    here.put_back(explorer.begin.snapshot)
    for name in way:
        places.do(name)
    before = here.take()
    for step in explorer.steps.bus(before.facts):
        here.put_back(before)
        left = {explorer.reading(one.facts) for one in (before, *places.do(step.name))}
        for statement in range(1, 60):
            here.put_back(before)
            if not _dies_at(explorer, step.name, statement):
                break
            here.forget()
            assert explorer.reading(here.take().facts) in left, (step.name, statement)


def _dies_at(explorer: Explorer, name: str, statement: int) -> bool:
    class Killed(KeyboardInterrupt):
        pass

    asked = 0

    def die(execute: Any, *arguments: Any) -> Any:
        nonlocal asked
        asked += 1
        if asked == statement:
            raise Killed
        return execute(*arguments)

    step = explorer.places.doer.find(name)
    try:
        with explorer.world.connection.execute_wrapper(die):
            step()
    except Killed:
        return True
    return asked >= statement


def test_the_machine_knows_what_the_saga_forbids() -> None:
    paid = model.Order(order="PENDING", hold="held", payment="captured", charge="captured")
    sold = model.Order(order="PENDING", hold="committed", payment="captured", charge="captured")
    assert len(model.unexplained({"A1": paid}, {"A1": sold})) == 1
    confirmed = model.Order(order="CONFIRMED", hold="held", payment="captured", charge="captured")
    assert model.unexplained({"A1": paid}, {"A1": confirmed}) == []


def test_the_command_says_what_it_found() -> None:
    out = StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("explore", mutant="oversell", stdout=out)
    assert ended.value.code == 1
    assert "BROKEN oversold" in out.getvalue()
    assert '--trace "place A; read inventory' in out.getvalue()
