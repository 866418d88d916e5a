"""Breadth first through all states of a scenario, so that the first way to a broken one is a
shortest one."""

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
Spent = tuple[int, ...]  # of the budget, by kind


@dataclass(frozen=True, slots=True)
class Node:
    """A state on the way."""

    snapshot: Snapshot
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
        return [*(self.before.steps() if self.before else ()), self.step]


@dataclass
class Found:
    """What an exploration came to."""

    states: int = 0
    transitions: int = 0
    at_rest: int = 0  # states in which the bus had nothing to do
    seconds: float = 0.0  # of the processor
    exhausted: bool = False  # every state within the budget was seen
    broken: list[str] = field(default_factory=list)
    trace: list[str] = field(default_factory=list)
    reached: str = ""  # the digest of the state that a given trace leads to


class Explorer:
    """Of one scenario, in a world that is its own."""

    def __init__(self, world: World, scenario: Scenario) -> None:
        self.world, self.scenario = world, scenario
        self.shop: Shop = open_shop(scenario, world)
        self.steps = Steps(world, scenario, self.shop)
        self.kinds = sorted(scenario.budget)
        self.limits = tuple(scenario.budget[kind] for kind in self.kinds)
        self.seen: dict[int, list[Spent]] = {}
        world.read = model.read
        self.begin_here()

    def begin_here(self) -> None:
        """The world as it is now is where each way begins."""
        self.begin = Node(self.world.take(), (0,) * len(self.kinds), None)

    def digest(self) -> int:
        return digest(self.world, last=self.scenario.last)

    def run(self, *, states: int | None = None, seconds: float | None = None) -> Found:
        """Explore; stops at the first broken state, or when there are so many `states`."""
        found, since = Found(), time.process_time()
        queue = deque([self.begin])
        self.world.put_back(self.begin.snapshot)
        self._is_new(self.digest(), self.begin.spent)
        while queue and not found.broken:
            late = seconds is not None and time.process_time() - since > seconds
            if late or (states is not None and len(self.seen) >= states):
                break
            self._expand(queue.popleft(), queue, found)
        found.exhausted = not queue and not found.broken
        found.states, found.seconds = len(self.seen), time.process_time() - since
        return found

    def replay(self, trace: Sequence[str]) -> tuple[int, list[str]]:
        """Go that way; the digest of the state it leads to, and what is broken there or was on the
        way. Raises LookupError for a step that there is not."""
        node = self.begin
        for name in trace:
            wanted, _, killed = name.partition(KILLED)
            self.world.put_back(node.snapshot)
            steps = [*self.steps.bus(), *self.steps.others()]
            step = next((one for one in steps if one.name == wanted), None)
            if step is None:
                raise LookupError(f"{wanted}: there are {[one.name for one in steps]}")
            commits = self.world.commits_of(step.do)
            if killed:
                commits = commits[: int(killed)]
                self.world.put_back(commits.pop())
            after = Node(self.world.take(), node.spent, Trail(name, node.trace))
            if broken := self._odd(node, commits, after) or broken_now(self.world):
                return self.digest(), broken
            node = after
        at, rest = self.digest(), not self.steps.bus()
        died = KILLED in "".join(trace)
        return at, broken_in_the_end(self.world, killed=died) if rest else []

    def _expand(self, node: Node, queue: deque[Node], found: Found) -> None:
        self.world.put_back(node.snapshot)
        own, others = self.steps.bus(), self.steps.others()
        for step in [*own, *(other for other in others if self._pay(node.spent, other.kind))]:
            for after, odd in self._outcomes(node, step):
                found.transitions += 1
                new = self._is_new(self.digest(), after.spent)
                if broken := odd or (broken_now(self.world) if new else []):
                    found.broken, found.trace = broken, after.path()
                    return
                if new:
                    queue.append(after)
        if not own:
            found.at_rest += 1
            self.world.put_back(node.snapshot)
            killed = "crash" in self.kinds and node.spent[self.kinds.index("crash")] > 0
            if broken := broken_in_the_end(self.world, killed=killed):
                found.broken, found.trace = broken, node.path()

    def _outcomes(self, node: Node, step: Step) -> Iterator[tuple[Node, list[str]]]:
        """What the step leads to, and where a kill during it does, with what the machine has not;
        the world is in that state."""
        spent = self._pay(node.spent, step.kind) or node.spent
        self.world.put_back(node.snapshot)
        commits = self.world.commits_of(step.do)
        after = Node(self.world.take(), spent, Trail(step.name, node.trace))
        yield after, self._odd(node, commits, after)
        killed = self._pay(spent, "crash")
        for number, snapshot in enumerate(commits if killed else (), start=1):
            self.world.put_back(snapshot)
            trail = Trail(f"{step.name}{KILLED}{number}", node.trace)
            yield Node(snapshot, killed or spent, trail), []

    def _odd(self, before: Node, commits: Sequence[Snapshot], after: Node) -> list[str]:
        states = [one.abstract for one in (before.snapshot, *commits, after.snapshot)]
        return [each for pair in pairwise(states) for each in model.unexplained(*pair)]

    def _pay(self, spent: Spent, kind: str) -> Spent | None:
        """With one more of that kind; None when there is none left."""
        if not kind:
            return spent
        if kind not in self.kinds:
            return None
        at = self.kinds.index(kind)
        more = (*spent[:at], spent[at] + 1, *spent[at + 1 :])
        return more if more[at] <= self.limits[at] else None

    def _is_new(self, state: int, spent: Spent) -> bool:
        """Not when it was reached before with as much left of everything."""
        known = self.seen.setdefault(state, [])
        if any(all(a <= b for a, b in zip(one, spent, strict=True)) for one in known):
            return False
        known[:] = [one for one in known if any(a < b for a, b in zip(one, spent, strict=True))]
        known.append(spent)
        return True
