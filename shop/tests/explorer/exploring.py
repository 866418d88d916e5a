"""Exploring by name, as the command and the tests do it."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace

from shop.tests.explorer.mutants import MUTANTS, with_mutant
from shop.tests.explorer.scenarios import SCENARIOS, Scenario
from shop.tests.explorer.search import Explorer, Found
from shop.tests.explorer.world import world


@dataclass(frozen=True, slots=True)
class Plan:
    """A scenario with its bounds, and the mistake that the shop has there."""

    name: str
    scenario: Scenario
    mutant: str = ""


def plans(
    *,
    scenario: str = "",
    orders: int | None = None,
    mutant: str = "",
    bounds: Mapping[str, int] | None = None,
) -> list[Plan]:
    """What is meant; without a name, all scenarios. Raises LookupError."""
    if mutant:
        if mutant not in MUTANTS:
            raise LookupError(f"There is no mutant {mutant!r}: see --list.")
        chosen = MUTANTS[mutant]
        return [Plan(mutant, _bounded(SCENARIOS[chosen.scenario], chosen.budget, bounds), mutant)]
    if scenario and scenario not in SCENARIOS:
        raise LookupError(f"There is no scenario {scenario!r}: see --list.")
    found = {scenario: SCENARIOS[scenario]} if scenario else SCENARIOS
    return [
        Plan(name, _bounded(one, one.budget, bounds))
        for name, one in found.items()
        if orders in (None, len(one.shoppers))
    ]


def _bounded(
    scenario: Scenario, budget: Mapping[str, int], bounds: Mapping[str, int] | None
) -> Scenario:
    return replace(scenario, budget={**budget, **(bounds or {})})


def explore(plan: Plan, *, trace: Sequence[str] = (), seconds: float | None = None) -> Found:
    """Explore it, or go one way only; raises LookupError for a step that there is not."""
    with world() as here:
        explorer = Explorer(here, plan.scenario)
        with with_mutant(plan.mutant, here) if plan.mutant else nullcontext():
            explorer.begin_here()
            if not trace:
                return explorer.run(seconds=seconds)
            state, broken = explorer.replay(trace)
            return Found(
                states=1,
                transitions=len(trace),
                broken=broken,
                trace=list(trace) if broken else [],
                reached=f"{state:016x}",
            )


def told(plan: Plan, found: Found) -> Iterator[str]:
    """For people."""
    if found.reached:
        yield f"{plan.name}: went {found.transitions} steps to the state {found.reached}"
    else:
        end = "all of them" if found.exhausted else _why_not_all(found)
        yield (
            f"{plan.name}: {found.states} states ({end}), {found.transitions} transitions,"
            f" {found.done} steps done, {found.at_rest} at rest, {found.seconds:.1f} s"
        )
    for problem in found.broken:
        yield f"  BROKEN {problem}"
    if found.trace:
        option = f'--mutant "{plan.mutant}"' if plan.mutant else f"--scenario {plan.name}"
        yield f"  after {len(found.trace)} steps. Go there again with"
        yield f'  manage.py explore {option} --trace "{"; ".join(found.trace)}"'


def _why_not_all(found: Found) -> str:
    return "not all: something is broken" if found.broken else "NOT ALL: the time was over"


def listed() -> Iterator[str]:
    for name, scenario in SCENARIOS.items():
        bounds = ", ".join(f"{kind} {most}" for kind, most in scenario.budget.items())
        yield f"{name}: {scenario.says}; {bounds}"
    for name, mutant in MUTANTS.items():
        yield f"mutant {name}: found in {mutant.scenario}"
