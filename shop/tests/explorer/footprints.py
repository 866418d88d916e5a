"""What a step has looked at and what it has changed. Where what it looked at is the same once more, it
does the same: it need not be done to know where it leads."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

from shop.tests.explorer.facts import Event, Facts, Reader
from shop.tests.explorer.steps import Step

ALL, DUE, ITS_KEY, IS_HELD = "all", "due", "its key's first", "its key is held"
SCHEDULES = "INSERT INTO eventbus_scheduled"
HOW = {"call": ITS_KEY, "retry": ITS_KEY, "read": IS_HELD}  # a step looks at what is held back


class Sight(NamedTuple):
    """What a step looks at: a cell, or that of it."""

    cell: int
    how: str


class Change(NamedTuple):
    """Of one cell."""

    cell: int
    to: int | None  # what it holds then; None: what it held, but for this
    swaps: tuple[tuple[Any, Any], ...] = ()  # a row, and what it becomes: None when it goes
    new: tuple[Any, ...] = ()  # at its end


class TooMuch(AssertionError):
    """A step has changed what it was not seen to look at."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a step leads to."""

    commits: tuple[tuple[Change, ...], ...]  # after each of them, the last one too
    odd: tuple[str, ...]  # what it did beyond what it may


class Footprints:
    """Of all steps that were done in one scenario."""

    def __init__(self, reader: Reader) -> None:
        self.cells, self.known = reader.cells, reader.known
        self._found: dict[tuple[str, int], dict[tuple[Sight, ...], dict[Facts, Outcome]]] = {}
        self._changed: dict[tuple[int, int], tuple[Change, int]] = {}
        self._seen: dict[tuple[str, int, Any], int] = {}
        self._looked_at = cache(self._cells_of)
        self._handled = frozenset(self.cells.handled.values())
        self._parked = frozenset(self.cells.parked.values())
        self._logs = frozenset({*self.cells.queue.values(), *self._parked})

    def recall(self, step: Step, facts: Facts) -> Outcome | None:
        """What the step leads to from there, if that is known."""
        for sights, outcomes in self._found.get(self._of(step), {}).items():
            if found := outcomes.get(self._look(step, sights, facts)):
                return found
        return None

    def note(
        self,
        step: Step,
        before: Facts,
        after: Sequence[Facts],
        sql: Iterable[str],
        odd: Sequence[str],
    ) -> Outcome:
        """The step was done there, by these statements; `after` is what each commit left."""
        looked = {cell for one in sql for cell in self._looked_at(one, step.subscriber)}
        sights = tuple(Sight(cell, self._how(step, cell)) for cell in sorted(looked))
        sights = (*sights, Sight(self.cells.clock, ALL))
        whole = {cell for cell, how in sights if how == ALL}
        commits = tuple(tuple(self._changes(step, before, facts, whole)) for facts in after)
        outcome = Outcome(commits, tuple(odd))
        of_step = self._found.setdefault(self._of(step), {}).setdefault(sights, {})
        of_step[self._look(step, sights, before)] = outcome
        return outcome

    def apply(self, changes: Sequence[Change], facts: Facts) -> Facts:
        """The facts when that has changed."""
        if not changes:
            return facts
        now = [*facts]
        for change in changes:
            now[change.cell] = (
                change.to if change.to is not None else self._change(now[change.cell], change)
            )
        return tuple(now)

    # What is looked at --------------------------------------------------------------------------
    def _of(self, step: Step) -> tuple[str, int]:
        """What it may do is held against it when it is done, so that belongs to it too."""
        return step.name, self.known.id((step.about, step.freedom))

    def _cells_of(self, sql: str, subscriber: str) -> frozenset[int]:
        """What is only scheduled was not looked for."""
        if sql.startswith(SCHEDULES):
            return frozenset()
        return frozenset(self.cells.of_statement(sql, subscriber))

    def _how(self, step: Step, cell: int) -> str:
        if cell in self._parked and isinstance(step.about, Event):
            return HOW.get(step.name.partition(" ")[0], ALL)
        return DUE if cell == self.cells.scheduled and step.name == "promote" else ALL

    def _look(self, step: Step, sights: Iterable[Sight], facts: Facts) -> Facts:
        return tuple(
            facts[cell] if how == ALL else self._part(step, cell, how, facts)
            for cell, how in sights
        )

    def _part(self, step: Step, cell: int, how: str, facts: Facts) -> int:
        which = facts[self.cells.clock] if how == DUE else step.about
        seen = how, facts[cell], which
        if seen not in self._seen:
            rows = self.known.values[facts[cell]]
            part: Any
            if how == DUE:
                now = self.known.values[facts[self.cells.clock]][1]
                part = tuple(row for row in rows if row.at <= now)
            else:
                about = step.about
                assert isinstance(about, Event)
                part = tuple(
                    row
                    for row in rows
                    if (row.event.source, row.event.key) == (about.source, about.key)
                )[:2]
                part = bool(part) if how == IS_HELD else part
            self._seen[seen] = self.known.id((how, part))
        return self._seen[seen]

    # What is changed ----------------------------------------------------------------------------
    def _change(self, held: int, change: Change) -> int:
        """What that cell then holds."""
        found = self._changed.get((held, id(change)))  # both are kept, so that is its alone
        if found is None:
            rows = [*self.known.values[held]]
            for old, new in change.swaps:
                at = rows.index(old)
                rows[at : at + 1] = [] if new is None else [new]
            rows += change.new
            if change.cell not in self._logs:
                rows = self._sorted(change.cell, rows)
            found = self._changed[held, id(change)] = change, self.known.id(tuple(rows))
        return found[1]

    def _sorted(self, cell: int, rows: Iterable[Any]) -> list[Any]:
        if cell in self._handled:
            return sorted(set(rows), key=repr)
        return sorted(rows, key=lambda one: (one.at, repr(one)))

    def _changes(
        self, step: Step, before: Facts, after: Facts, whole: set[int]
    ) -> Iterable[Change]:
        for cell, (was, now) in enumerate(zip(before, after, strict=True)):
            if was == now:
                continue
            if cell in whole:
                yield Change(cell, now)
                continue
            change = self._difference(cell, self.known.values[was], self.known.values[now])
            if self._change(was, change) != now:
                raise TooMuch(f"{step.name} changes {self.cells.name(cell)}")
            yield change

    def _difference(self, cell: int, was: Any, now: Any) -> Change:
        if cell in self._logs:
            return _moved(cell, was, now)
        if cell != self.cells.scheduled and cell not in self._handled:
            raise TooMuch(self.cells.name(cell))
        less, more = Counter(was), Counter(now)
        gone = tuple((one, None) for one in (less - more).elements())
        return Change(cell, None, gone, tuple((more - less).elements()))


def _moved(cell: int, was: Sequence[Any], now: Sequence[Any]) -> Change:
    """Rows keep their places, go, or become another with the same event; new ones come last."""
    swaps, at = [], 0
    for row in was:
        if at < len(now) and row.event == now[at].event:
            if row != now[at]:
                swaps.append((row, now[at]))
            at += 1
        else:
            swaps.append((row, None))
    return Change(cell, None, tuple(swaps), tuple(now[at:]))
