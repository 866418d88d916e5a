"""Breadth first through all states of a scenario, so that the first way to a broken one is a
shortest one; of the ways that are gone, as steps that may go first always do.

What a step leads to depends on the state alone, not on what is left of the budget. So each step is
taken once from a state, however often the state is reached with more left of something."""

import time
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

from shop.tests.explorer import model
from shop.tests.explorer.ending import broken_in_the_end, broken_now
from shop.tests.explorer.reading import digest
from shop.tests.explorer.scenarios import Scenario, Shop, open_shop
from shop.tests.explorer.steps import Step, Steps
from shop.tests.explorer.world import Snapshot, World

KILLED = " !"  # in a trace, after a step: killed after that many of its commits
CRASH = "crash"
LAST_EVENT = "SELECT coalesce(max(id), 0) FROM eventbus_event"
Spent = tuple[int, ...]  # of the budget, by kind


@dataclass(frozen=True, slots=True)
class Edge:
    """Where a step, or a kill during it, leads."""

    step: str
    kinds: tuple[str, ...]  # of the budget, that it costs
    to: int
    odd: list[str]  # what the machine has not


class Group(NamedTuple):
    """Steps of a state that are taken together."""

    begin: str  # how their names do
    kind: str

    def has(self, step: Step) -> bool:
        return step.kind == self.kind and step.name.startswith(self.begin)


@dataclass(slots=True)
class State:
    """One state, however it was reached."""

    snapshot: Snapshot
    broken: list[str]
    spent: list[Spent] = field(default_factory=list)  # the least that it was reached with
    own: list[Step] | None = None  # the bus's; None: not asked for yet
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
        self.world, self.scenario, self.reduced = world, scenario, reduced
        self.shop: Shop = open_shop(scenario, world)
        self.steps = Steps(world, scenario, self.shop, reduced=reduced)
        self.kinds = sorted(scenario.budget)
        self.limits = tuple(scenario.budget[kind] for kind in self.kinds)
        self.states: dict[int, State] = {}
        self._told = 0  # the last event before the step that is being done
        world.read = model.read
        self.begin_here()

    def begin_here(self) -> None:
        """The world as it is now is where each way begins."""
        self.world.forget()
        self.begin = self.world.take()

    def digest(self) -> int:
        return digest(self.world, last=self.scenario.last, reduced=self.reduced)

    def run(self, *, seconds: float | None = None) -> Found:
        """Explore; stops at the first broken state, or when the time is over."""
        found, since = Found(), time.process_time()
        self.world.put_back(self.begin)
        node = Node(self.digest(), (0,) * len(self.kinds), None)
        self.states[node.state] = State(self.begin, broken_now(self.world), [node.spent])
        queue = deque([node])
        while queue and not found.broken:
            if seconds is not None and time.process_time() - since > seconds:
                break
            self._expand(queue.popleft(), queue, found)
        found.exhausted = not queue and not found.broken
        states = [one for one in self.states.values() if one.spent]
        found.states, found.at_rest = len(states), sum(one.own == [] for one in states)
        found.transitions = sum(len(edges) for one in states for edges in one.edges.values())
        found.seconds = time.process_time() - since
        return found

    def ends(self) -> set[tuple[model.Order, ...]]:
        """What the contexts said of the orders, the first one first, in the states at rest that
        were seen."""
        return {
            tuple(one.snapshot.abstract.values()) for one in self.states.values() if one.own == []
        }

    def replay(self, trace: Sequence[str]) -> tuple[int, list[str]]:
        """Go that way; the digest of the state it leads to, and what is broken there or was on the
        way. Raises LookupError for a step that there is not."""
        before = self.begin
        self.world.put_back(before)
        for name in trace:
            wanted, _, killed = name.partition(KILLED)
            steps = [*self.steps.bus(), *self.steps.others()]
            step = next((one for one in steps if one.name == wanted), None)
            if step is None:
                raise LookupError(f"{wanted}: there are {[one.name for one in steps]}")
            commits = self._do(step)
            overstepped = self._overstepped(step)
            if killed:
                commits = commits[: int(killed)]
                self.world.put_back(commits.pop())
            after = self.world.take()
            odd = overstepped or self._odd(before, commits, after)
            if broken := odd or broken_now(self.world):
                return self.digest(), broken
            before = after
        at, rest = self.digest(), not self.steps.bus()
        died = KILLED in "".join(trace)
        return at, broken_in_the_end(self.world, killed=died) if rest else []

    def _expand(self, node: Node, queue: deque[Node], found: Found) -> None:
        for edge in self._edges(node):
            spent = self._pay(node.spent, *edge.kinds)
            if spent is None:
                continue
            after = Node(edge.to, spent, Trail(edge.step, node.trace))
            if broken := edge.odd or self.states[edge.to].broken:
                found.broken, found.trace = broken, after.path()
                return
            if self._is_new(after):
                queue.append(after)
        state = self.states[node.state]
        if not state.own and (broken := self._broken_in_the_end(state, node.spent)):
            found.broken, found.trace = broken, node.path()

    def _broken_in_the_end(self, state: State, spent: Spent) -> list[str]:
        killed = CRASH in self.kinds and spent[self.kinds.index(CRASH)] > 0
        if killed not in state.ended:
            self.world.put_back(state.snapshot)
            state.ended[killed] = broken_in_the_end(self.world, killed=killed)
        return state.ended[killed]

    def _edges(self, node: Node) -> list[Edge]:
        """What can be paid for there; from where a step may go first, nothing but that step."""
        state = self.states[node.state]
        if state.own is None:
            self.world.put_back(state.snapshot)
            state.own = self.steps.bus()
        left = {kind for kind in self.kinds if self._pay(node.spent, kind) is not None}
        first = next((s for s in state.own if s.freedom and s.freedom.goes_first(left)), None)
        groups = [Group("", kind) for kind in ("", *sorted(left - {CRASH}))]
        if first is not None and first.freedom is not None:
            groups = [Group(first.name, "")]
            if first.freedom.rivals and "duplicate" in left:
                groups.append(Group(first.freedom.rivals, "duplicate"))
        killed = [one for one in groups if self._pay(node.spent, one.kind, CRASH) is not None]
        wanted = [*((one, False) for one in groups), *((one, True) for one in killed)]
        self._take_steps(node.state, wanted)
        return [edge for each in wanted for edge in state.edges[each]]

    def _take_steps(self, at: int, wanted: Sequence[tuple[Group, bool]]) -> None:
        """Take the steps of those groups that were not taken there yet, and keep where they lead."""
        state = self.states[at]
        missing = {group for group, killed in wanted if (group, killed) not in state.edges}
        if not missing:
            return
        self.world.put_back(state.snapshot)
        new: dict[tuple[Group, bool], list[Edge]] = {one: [] for one in wanted if one[0] in missing}
        others = self.steps.others() if any(one.kind for one in missing) else []
        for step in [*(state.own or ()), *others]:
            for group in (one for one in missing if one.has(step)):
                for edge in self._outcomes(at, step, kills=(group, True) in new):
                    new[group, edge.step != step.name].append(edge)
        state.edges |= new

    def _outcomes(self, at: int, step: Step, *, kills: bool) -> Iterator[Edge]:
        """What the step leads to, and where a kill during it does, with what the machine has not."""
        kinds, before = (step.kind,) if step.kind else (), self.states[at].snapshot
        self.world.put_back(before)
        commits = self._do(step)
        after = self.world.take()
        odd = self._overstepped(step) or self._odd(before, commits, after)
        yield Edge(step.name, kinds, self._state(at, after), odd)
        for number, snapshot in enumerate(commits if kills else (), start=1):
            self.world.put_back(snapshot)
            yield Edge(
                f"{step.name}{KILLED}{number}", (*kinds, CRASH), self._state(at, snapshot), []
            )

    def _state(self, before: int, now: Snapshot) -> int:
        """The digest of the state that the world is in, which is known from now on."""
        known = self.states[before].snapshot
        if now.pages == known.pages and now.ahead == known.ahead:
            return before
        found = self.digest()
        if found not in self.states:
            self.states[found] = State(now, broken_now(self.world))
        return found

    def _do(self, step: Step) -> list[Snapshot]:
        ((self._told,),) = self.world.rows(LAST_EVENT)
        return self.world.commits_of(step.do)

    def _overstepped(self, step: Step) -> list[str]:
        if step.freedom is None:
            return []
        told = self.world.rows("SELECT DISTINCT name FROM eventbus_event WHERE id > ?", self._told)
        return step.freedom.overstepped(self.world.written, [name for (name,) in told])

    def _odd(self, before: Snapshot, commits: Sequence[Snapshot], after: Snapshot) -> list[str]:
        states = [one.abstract for one in (before, *commits, after)]
        return [each for pair in pairwise(states) for each in model.unexplained(*pair)]

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
