"""Breadth first through all states of a scenario, so that the first way to a broken one is a
shortest one; of the ways that are gone, as steps that may go first always do.

What a step leads to depends on the state alone, not on what is left of the budget. So each step is
taken once from a state, however often the state is reached with more left of something."""

import time
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from shop.tests.explorer import model
from shop.tests.explorer.doing import Doer
from shop.tests.explorer.ending import Promises
from shop.tests.explorer.facts import Facts, Reader
from shop.tests.explorer.footprints import Footprints, Outcome
from shop.tests.explorer.model import Model
from shop.tests.explorer.places import Place, Places
from shop.tests.explorer.reading import Reading
from shop.tests.explorer.scenarios import Scenario, Shop, open_shop
from shop.tests.explorer.steps import Step, Steps
from shop.tests.explorer.world import World

KILLED = " !"  # in a trace, after a step: killed after that many of its commits
CRASH = "crash"
Spent = tuple[int, ...]  # of the budget, by kind


@dataclass(frozen=True, slots=True)
class Edge:
    """Where a step, or a kill during it, leads."""

    step: str
    kinds: tuple[str, ...]  # of the budget, that it costs
    to: int
    odd: Sequence[str]  # what the machine has not


class Group(NamedTuple):
    """Steps of a state that are taken together."""

    begin: str  # how their names do
    kind: str

    def has(self, step: Step) -> bool:
        return step.kind == self.kind and step.name.startswith(self.begin)


@dataclass(slots=True)
class State:
    """One state, however it was reached."""

    place: Place
    broken: list[str]
    own: list[Step]  # the bus's
    spent: list[Spent] = field(default_factory=list)  # the least that it was reached with
    edges: dict[tuple[Group, bool], list[Edge]] = field(default_factory=dict)  # of kills: True
    ended: dict[bool, list[str]] = field(default_factory=dict)  # what is broken, by any kill


@dataclass(frozen=True, slots=True)
class Node:
    """A state on the way."""

    state: int
    spent: Spent
    trace: "Trail | None"

    def path(self) -> list[str]:
        return self.trace.steps() if self.trace else []


@dataclass(frozen=True, slots=True)
class Trail:
    """The steps that led there, the last one first."""

    step: str
    before: "Trail | None"

    def steps(self) -> list[str]:
        found, at = [self.step], self.before
        while at:
            found.append(at.step)
            at = at.before
        return found[::-1]


@dataclass
class Found:
    """What an exploration came to."""

    states: int = 0
    transitions: int = 0  # steps and kills, each tried once from a state
    done: int = 0  # steps that were done for it: where all others lead is known from these
    checked: int = 0  # steps whose end was known, and that were done to see whether it is so
    at_rest: int = 0  # states in which the bus had nothing to do
    seconds: float = 0.0  # of the processor
    exhausted: bool = False  # every state within the budget was seen
    broken: list[str] = field(default_factory=list)
    trace: list[str] = field(default_factory=list)
    reached: str = ""  # the digest of the state that a given trace leads to


class Explorer:
    """Of one scenario, in a world that is its own. Not `reduced`, it takes every step in every
    state, and no two states for one that differ in the order of what is only noted."""

    def __init__(self, world: World, scenario: Scenario, *, reduced: bool = True) -> None:
        self.world, self.scenario = world, scenario
        self.shop: Shop = open_shop(scenario, world)
        self.reader = Reader(scenario.last)
        self.reading = Reading(self.reader, scenario, reduced=reduced)
        self.model = Model(self.reader)
        self.steps = Steps(scenario, self.reading, reduced=reduced)
        self.places = Places(world, Doer(world, self.shop), Footprints(self.reader))
        self.promises = Promises(self.places, self.steps, self.reading, self.reader)
        self.kinds = sorted(scenario.budget)
        self.limits = tuple(scenario.budget[kind] for kind in self.kinds)
        self.states: list[State] = []
        self._known: dict[tuple[int, ...], int] = {}  # by what matters of it
        self._by_facts: dict[Facts, int] = {}
        world.read = self.reader
        self.begin_here()

    def begin_here(self) -> None:
        """The world as it is now is where each way begins."""
        self.world.forget()
        snapshot = self.world.take()
        self.begin = Place(snapshot.facts, snapshot)

    def run(self, *, seconds: float | None = None) -> Found:
        """Explore; stops at the first broken state, or when the time is over."""
        found, since = Found(), time.process_time()
        node = Node(self._state(self.begin), (0,) * len(self.kinds), None)
        self._is_new(node)
        queue = deque([node])
        while queue and not found.broken:
            if seconds is not None and time.process_time() - since > seconds:
                break
            self._expand(queue.popleft(), queue, found)
        found.exhausted = not queue and not found.broken
        states = [one for one in self.states if one.spent]
        found.states, found.at_rest = len(states), sum(not one.own for one in states)
        found.transitions = sum(len(edges) for one in states for edges in one.edges.values())
        found.done, found.checked = self.places.done, self.places.checked
        found.seconds = time.process_time() - since
        return found

    def ends(self) -> set[tuple[model.Order, ...]]:
        """What the contexts said of the orders, the first one first, in the states at rest that
        were seen."""
        return {tuple(self.model(one.place.facts).values()) for one in self.states if not one.own}

    def replay(self, trace: Sequence[str]) -> tuple[int, list[str]]:
        """Go that way; the digest of the state it leads to, and what is broken there or was on the
        way. Raises LookupError for a step that there is not."""
        at = self.begin
        for name in trace:
            wanted, _, killed = name.partition(KILLED)
            steps = [*self.steps.bus(at.facts), *self.steps.others(at.facts)]
            step = next((one for one in steps if one.name == wanted), None)
            if step is None:
                raise LookupError(f"{wanted}: there are {[one.name for one in steps]}")
            outcome, places = self.places.after(at, step)
            places = places[: int(killed)] if killed else places
            odd = outcome.odd or self.model.odd([one.facts for one in (at, *places)])
            at = places[-1]
            if broken := odd or self.promises.broken_now(at):
                return self.reading.digest(at.facts), [*broken]
        rest, died = not self.steps.bus(at.facts), KILLED in "".join(trace)
        broken = self.promises.broken_in_the_end(at, killed=died) if rest else []
        return self.reading.digest(at.facts), broken

    def _expand(self, node: Node, queue: deque[Node], found: Found) -> None:
        for edge in self._edges(node):
            spent = self._pay(node.spent, *edge.kinds)
            if spent is None:
                continue
            after = Node(edge.to, spent, Trail(edge.step, node.trace))
            if broken := edge.odd or self.states[edge.to].broken:
                found.broken, found.trace = [*broken], after.path()
                return
            if self._is_new(after):
                queue.append(after)
        state = self.states[node.state]
        if not state.own and (broken := self._broken_in_the_end(state, node.spent)):
            found.broken, found.trace = broken, node.path()

    def _broken_in_the_end(self, state: State, spent: Spent) -> list[str]:
        killed = CRASH in self.kinds and spent[self.kinds.index(CRASH)] > 0
        if killed not in state.ended:
            state.ended[killed] = self.promises.broken_in_the_end(state.place, killed=killed)
        return state.ended[killed]

    def _edges(self, node: Node) -> list[Edge]:
        """What can be paid for there; from where a step may go first, nothing but that step."""
        state = self.states[node.state]
        left = {kind for kind in self.kinds if self._pay(node.spent, kind) is not None}
        first = next((s for s in state.own if s.freedom and s.freedom.goes_first(left)), None)
        groups = [Group("", kind) for kind in ("", *sorted(left - {CRASH}))]
        if first is not None and first.freedom is not None:
            groups = [Group(first.name, "")]
            if first.freedom.rivals and "duplicate" in left:
                groups.append(Group(first.freedom.rivals, "duplicate"))
        killed = [one for one in groups if self._pay(node.spent, one.kind, CRASH) is not None]
        wanted = [*((one, False) for one in groups), *((one, True) for one in killed)]
        self._take_steps(state, wanted)
        return [edge for each in wanted for edge in state.edges[each]]

    def _take_steps(self, state: State, wanted: Sequence[tuple[Group, bool]]) -> None:
        """Take the steps of those groups that were not taken there yet, and keep where they lead."""
        missing = [one for one in wanted if one not in state.edges]
        if not missing:
            return
        others = self.steps.others(state.place.facts) if any(g.kind for g, _ in missing) else []
        steps = [*state.own, *others]
        for group in dict(missing):
            mine = [one for one in steps if group.has(one)]
            outcomes = [(one, *self.places.after(state.place, one)) for one in mine]
            if (group, False) in missing:
                state.edges[group, False] = [self._edge(state.place, *one) for one in outcomes]
            if (group, True) in missing:
                state.edges[group, True] = [edge for one in outcomes for edge in self._kills(*one)]

    def _edge(self, place: Place, step: Step, outcome: Outcome, places: list[Place]) -> Edge:
        """Where the step leads, with what the machine has not."""
        odd = outcome.odd or self.model.odd([one.facts for one in (place, *places)])
        return Edge(step.name, _kinds(step), self._state(places[-1]), odd)

    def _kills(self, step: Step, _: Outcome, places: list[Place]) -> Iterator[Edge]:
        """Where kills during it do."""
        for number, one in enumerate(places[:-1], start=1):
            name = f"{step.name}{KILLED}{number}"
            yield Edge(name, (*_kinds(step), CRASH), self._state(one), [])

    def _state(self, place: Place) -> int:
        """The number of the state at that place, which is known from now on."""
        if (known := self._by_facts.get(place.facts)) is not None:
            return known
        read = self.reading(place.facts)
        if (known := self._known.get(read)) is None:
            known = self._known[read] = len(self.states)
            own = self.steps.bus(place.facts)
            self.states.append(State(place, self.promises.broken_now(place), own))
        self._by_facts[place.facts] = known
        return known

    def _pay(self, spent: Spent, *kinds: str) -> Spent | None:
        """With one more of each; None when there is none left."""
        for kind in filter(None, kinds):
            if kind not in self.kinds:
                return None
            at = self.kinds.index(kind)
            spent = (*spent[:at], spent[at] + 1, *spent[at + 1 :])
            if spent[at] > self.limits[at]:
                return None
        return spent

    def _is_new(self, node: Node) -> bool:
        """Not when the state was reached before with as much left of everything."""
        known, spent = self.states[node.state].spent, node.spent
        if any(all(a <= b for a, b in zip(one, spent, strict=True)) for one in known):
            return False
        known[:] = [one for one in known if any(a < b for a, b in zip(one, spent, strict=True))]
        known.append(spent)
        return True


def _kinds(step: Step) -> tuple[str, ...]:
    return (step.kind,) if step.kind else ()
