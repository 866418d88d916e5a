"""Breadth first through all states of a scenario, so that the first way to a broken one is a
shortest one.

What a step leads to depends on the state alone, not on what is left of the budget. So each step is
taken once from a state, however often the state is reached with more left of something."""

import time
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

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


@dataclass(slots=True)
class State:
    """One state, however it was reached."""

    snapshot: Snapshot
    broken: list[str]
    spent: list[Spent] = field(default_factory=list)  # the least that it was reached with
    own: list[Step] | None = None  # the bus's; None: not asked for yet
    edges: dict[tuple[str, bool], list[Edge]] = field(default_factory=dict)  # by kind; of kills
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

    def ends(self) -> set[tuple[tuple[str, model.Order], ...]]:
        """What the contexts said in the states at rest that were seen."""
        return {
            tuple(sorted(one.snapshot.abstract.values(), key=repr))
            for one in self.states.values()
            if one.own == []
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
        first = next((one for one in state.own if one.freedom and one.freedom.goes_first(left)), None)
        groups = [first.name] if first else ["", *sorted(left)]
        wanted = [(group, False) for group in groups]
        wanted += [(g, True) for g in groups if self._pay(node.spent, g if g in left else "", CRASH)]
        missing = {group for group, killed in wanted if (group, killed) not in state.edges}
        if missing:
            self._take_steps(state, first, {each for each in wanted if each[0] in missing})
        return [edge for each in wanted for edge in state.edges[each]]

    def _take_steps(self, state: State, first: Step | None, wanted: set[tuple[str, bool]]) -> None:
        """Take the steps of those kinds, or that one, and keep where they lead."""
        self.world.put_back(state.snapshot)
        steps = [first] if first else [*(state.own or ()), *self.steps.others()]
        new: dict[tuple[str, bool], list[Edge]] = {each: [] for each in wanted}
        for step in steps:
            group = first.name if first else step.kind
            if (group, False) in wanted:
                for edge in self._outcomes(state, step, kills=(group, True) in wanted):
                    new[group, edge.step != step.name].append(edge)
        state.edges |= new

    def _outcomes(self, state: State, step: Step, *, kills: bool) -> Iterator[Edge]:
        """What the step leads to, and where a kill during it does, with what the machine has not;
        the world is in that state."""
        kinds = (step.kind,) if step.kind else ()
        self.world.put_back(state.snapshot)
        commits = self._do(step)
        after = self.world.take()
        odd = self._overstepped(step) or self._odd(state.snapshot, commits, after)
        yield self._edge(step.name, kinds, after, odd)
        for number, snapshot in enumerate(commits if kills else (), start=1):
            self.world.put_back(snapshot)
            yield self._edge(f"{step.name}{KILLED}{number}", (*kinds, CRASH), snapshot, [])

    def _do(self, step: Step) -> list[Snapshot]:
        ((self._told,),) = self.world.rows(LAST_EVENT)
        return self.world.commits_of(step.do)

    def _overstepped(self, step: Step) -> list[str]:
        if step.freedom is None:
            return []
        told = self.world.rows("SELECT DISTINCT name FROM eventbus_event WHERE id > ?", self._told)
        return step.freedom.overstepped(self.world.written, [name for (name,) in told])

    def _edge(self, step: str, kinds: tuple[str, ...], after: Snapshot, odd: list[str]) -> Edge:
        to = self.digest()
        if to not in self.states:
            self.states[to] = State(after, broken_now(self.world))
        return Edge(step, kinds, to, odd)

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
