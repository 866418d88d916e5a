"""States, and the ways to them: where a step leads is recalled, or the step is done."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from shop.tests.explorer.doing import Doer
from shop.tests.explorer.facts import Facts
from shop.tests.explorer.footprints import Footprints, Outcome
from shop.tests.explorer.steps import Step
from shop.tests.explorer.world import WRITES, Snapshot, World

EACH = 500  # of so many steps that are recalled one is done as well
LAST_EVENT = "SELECT coalesce(max(id), 0) FROM eventbus_event"


@dataclass(slots=True, eq=False)
class Place:
    """A state on one way to it, and the world as it was there if a step was done to come here."""

    facts: Facts
    snapshot: Snapshot | None = None
    before: "Place | None" = None
    step: str = ""
    commit: int = 0  # of the step, after which it is


class Mistaken(AssertionError):
    """What was recalled of a step is not what it does."""


class Places:
    """Goes from one to another."""

    def __init__(
        self, world: World, doer: Doer, footprints: Footprints, *, each: int = EACH
    ) -> None:
        self.world, self.doer, self.footprints, self.each = world, doer, footprints, each
        self.done = self.recalled = self.checked = 0  # steps
        self._known: dict[Facts, Snapshot] = {}  # worlds of which that is so: ids are all the same
        self._told = 0  # the last event before the step that is being done

    def go(self, place: Place) -> None:
        """Let the world be there. Raises Mistaken when the way leads elsewhere."""
        way, at = [], place
        while (snapshot := at.snapshot or self._known.get(at.facts)) is None:
            way.append(at)
            assert at.before is not None
            at = at.before
        self.world.put_back(snapshot)
        for at in reversed(way):
            commits = self.do(at.step)
            self._agree(at.step, [at.facts], [one.facts for one in commits[at.commit :][:1]])
            self.world.put_back(commits[at.commit])

    def do(self, name: str) -> list[Snapshot]:
        """Do that step where the world is; the world after each of its commits."""
        ((self._told,),) = self.world.rows(LAST_EVENT)
        self.done += 1
        commits = self.world.commits_of(self.doer.find(name))
        found = [*commits, self.world.take()]
        self._known |= {one.facts: one for one in found}
        return found

    def after(self, place: Place, step: Step) -> tuple[Outcome, list[Place]]:
        """Where the step leads from there, and where a kill after each of its commits does. Raises
        Mistaken when that was recalled, is one of those that are done all the same, and differs."""
        if found := self.footprints.recall(step, place.facts):
            self.recalled += 1
            ways = [self.footprints.apply(changes, place.facts) for changes in found.commits]
            if self.recalled % self.each == 0:
                self._check(place, step, ways)
            places = [Place(facts, None, place, step.name, at) for at, facts in enumerate(ways)]
            return found, places
        self.go(place)
        commits = self.do(step.name)
        facts = [one.facts for one in commits]
        odd = self._overstepped(step)
        found = self.footprints.note(step, place.facts, facts, self.world.statements, odd)
        return found, [
            Place(one.facts, one, place, step.name, at) for at, one in enumerate(commits)
        ]

    def _check(self, place: Place, step: Step, recalled: Sequence[Facts]) -> None:
        self.go(place)
        self.checked += 1
        self._agree(step.name, recalled, [one.facts for one in self.do(step.name)])

    def _agree(self, step: str, recalled: Sequence[Facts], found: Sequence[Facts]) -> None:
        for one, other in zip_longest(recalled, found, fillvalue=()):
            if one != other:
                raise Mistaken(f"{step}: {self._differing(one, other)}")

    def _overstepped(self, step: Step) -> list[str]:
        if step.freedom is None:
            return []
        told = self.world.rows("SELECT DISTINCT name FROM eventbus_event WHERE id > ?", self._told)
        written = {table[1] for sql in self.world.statements if (table := WRITES.match(sql))}
        return step.freedom.overstepped(written, [name for (name,) in told])

    def _differing(self, one: Facts, other: Facts) -> Sequence[str]:
        values, name = self.footprints.known.values, self.footprints.cells.name
        if len(one) != len(other):
            return ["the process ends before that"]
        return [
            f"{name(cell)} was to have {_beyond(values[a], values[b])}, has {_beyond(values[b], values[a])}"
            for cell, (a, b) in enumerate(zip(one, other, strict=True))
            if a != b
        ]


def _beyond(rows: Sequence[Any], others: Sequence[Any]) -> list[Any]:
    """What of the rows the others are not, or all when they only come in another order."""
    return [*(Counter(rows) - Counter(others)).elements()] or [*rows]
