"""What may happen next in a state: a subscriber reads an event, a call is made, a timer comes due,
a shopper acts, an event is delivered once more. Told by the facts alone."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from eventbus.registry import subscribers
from shop.tests.explorer.facts import Event, Facts, Unread
from shop.tests.explorer.freedom import Freedom, Freedoms, is_note
from shop.tests.explorer.reading import Reading
from shop.tests.explorer.scenarios import SLOW, Scenario, owner

TO_RUN = {"retrying": "retry", "to call": "call", "calling": "call"}


@dataclass(frozen=True, slots=True)
class Step:
    """Its name says what it is, in any run of the scenario; `kind` is what it costs."""

    name: str
    kind: str = ""
    subscriber: str = ""  # whose it is
    about: Event | tuple[Unread, ...] | datetime | None = None  # what it reads, or when it is
    freedom: Freedom | None = None  # when it may go first


def label(verb: str, subscriber: str, event: Event) -> str:
    """ "read payments orders.created A1": what of an event, if its order is not enough."""
    of = event.key
    which = [event.about.removesuffix(of).strip(), str(event.number).removesuffix(of)]
    return " ".join(filter(None, [verb, subscriber, event.name, short(of), *which]))


def short(name: str) -> str:
    """ "cart:A1" is A's first order."""
    return name.removeprefix("cart:")


class Steps:
    """Finds the steps of a state."""

    def __init__(self, scenario: Scenario, reading: Reading, *, reduced: bool) -> None:
        self.scenario, self.reading, self.reduced = scenario, reading, reduced
        self.cells, self.values = reading.cells, reading.known.values
        self._freedoms = Freedoms(scenario)

    def bus(self, facts: Facts) -> list[Step]:
        """What a worker does now by itself, but for those that read last."""
        wanted = [name for name in subscribers if name not in self.scenario.last]
        found = [
            *(step for name in wanted for step in self._reads(facts, name)),
            *(step for name in wanted for step in self._parked(facts, name)),
        ]
        if any(one.at <= self._now(facts) for one in self.values[facts[self.cells.scheduled]]):
            found.append(Step("promote"))
        return found

    def last(self, facts: Facts) -> list[Step]:
        """What those that read last do when all others are done; they take all that there is."""
        queues = [(name, self.values[facts[self.cells.queue[name]]]) for name in self.scenario.last]
        return [
            *(Step(f"batch {name}", "", name, queue) for name, queue in queues if queue),
            *(step for name in self.scenario.last for step in self._parked(facts, name)),
        ]

    def others(self, facts: Facts) -> list[Step]:
        """What time, shoppers and bad luck may do, whatever the bus does."""
        return [*self._acts(facts), *self._times(facts), *self._duplicates(facts)]

    # The bus ------------------------------------------------------------------------------------
    def _reads(self, facts: Facts, subscriber: str) -> Iterator[Step]:
        heads: dict[str, Event] = {}
        for unread in self.values[facts[self.cells.queue[subscriber]]]:
            heads.setdefault(unread.range, unread.event)
        statuses = self.reading.statuses(facts) if heads else {}
        for event in heads.values():
            status = statuses.get(event.key, "")
            freedom = self._freedoms.of(subscriber, event.name, status) if self.reduced else None
            yield Step(
                label("read", subscriber, event),
                subscriber=subscriber,
                about=event,
                freedom=freedom,
            )

    def _parked(self, facts: Facts, subscriber: str) -> Iterator[Step]:
        for held in self.values[facts[self.cells.parked[subscriber]]]:
            if verb := TO_RUN.get(held.state):
                yield Step(
                    label(verb, subscriber, held.event), subscriber=subscriber, about=held.event
                )

    def _now(self, facts: Facts) -> Any:
        return self.values[facts[self.cells.clock]][1]

    # Time, shoppers, bad luck -------------------------------------------------------------------
    def _times(self, facts: Facts) -> Iterator[Step]:
        now, scheduled = self._now(facts), self.values[facts[self.cells.scheduled]]
        first = {one.event.name: one.at for one in reversed(scheduled)}
        for name, at in first.items():
            if at > now and name not in SLOW:
                yield Step(f"time {name}", "time", about=at)

    def _acts(self, facts: Facts) -> Iterator[Step]:
        statuses, budget = self.reading.statuses(facts), self.scenario.budget
        before = None
        for who in self.scenario.shoppers:
            mine = [name for name in statuses if name.startswith(owner(who))]
            # Shoppers are alike: who places first is called A.
            turn = not self.reduced or before is None or before
            if turn and (not mine or budget.get("place", 0) > len(self.scenario.shoppers)):
                yield Step(f"place {who}", "place")
            yield Step(f"edit {who}", "edit")
            if [statuses[name] for name in mine] == ["FAILED"]:
                yield Step(f"retry {who}", "retry")
            for name in mine:
                if statuses[name] in ("PENDING", "CONFIRMED"):
                    yield Step(f"cancel {short(name)}", "cancel")
            before = mine
        for charge in self._challenged(facts):
            yield Step(f"approve {short(charge)}", "answer")
            yield Step(f"deny {short(charge)}", "answer")

    def _challenged(self, facts: Facts) -> Iterator[str]:
        columns = self.cells.columns["payments_gatewaycharge"]
        reference, status = columns.index("reference"), columns.index("status")
        for row in self.values[facts[self.cells.tables["payments_gatewaycharge"]]]:
            if row[status] == "challenged":
                yield row[reference]

    def _duplicates(self, facts: Facts) -> Iterator[Step]:
        """Of each event of an order, to each subscriber that is explored, has handled it and holds
        nothing back for it."""
        for subscriber, cell in self.cells.handled.items():
            held = {one.event.key for one in self.values[facts[self.cells.parked[subscriber]]]}
            for event in self.values[facts[cell]]:
                noted = self.reduced and is_note(subscriber, event.name, "PENDING")
                if event.key not in held and not noted:
                    yield Step(
                        label("duplicate", subscriber, event), "duplicate", subscriber, event
                    )
