"""All checks, in one snapshot."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from shop.invariants import bus, causes, flight, gauges
from shop.invariants.across import compared, left_out
from shop.invariants.audits import Audits
from shop.invariants.snapshot import snapshot
from shop.invariants.violation import Found, Violation, made

type Check = Callable[[], Iterable[Found]]

ALWAYS: tuple[tuple[str, Check], ...] = (
    ("I6", bus.cursors_with_gaps),
    ("I6", bus.effects_twice),
    ("I9", bus.parked_out_of_order),
    ("I9", bus.versions_falling),
    ("I10", causes.without_a_cause),
    ("I15", bus.overdue),
    ("I15", bus.in_log_twice),
)
AT_REST: tuple[tuple[str, Check], ...] = (("I6", bus.unread), ("I15", bus.parked))
STEPS = ("order_steps",)


@dataclass(frozen=True, slots=True)
class Report:
    """What was found, and what could not be looked at."""

    violations: list[Violation]
    not_checked: list[str]  # as "I3 (orders, holds)": facts of a context that is not here


def violations(*, at_rest: bool = True, killed: bool = False) -> list[Violation]:
    """Each broken promise; empty when all hold.

    With `at_rest` also of what holds only when the bus has nothing to do; else of what holds at any
    instant. With `killed` a process died on the way: a mail may then be held for a person to
    decide, as plain SMTP cannot say whether it was sent. It must not have been sent twice.
    """
    return check(at_rest=at_rest, killed=killed).violations


def check(*, at_rest: bool = True, killed: bool = False, under_way: bool = True) -> Report:
    """The same with what is not checked here. Without `under_way`, those are left out that an
    event under way may still mend."""
    audits = Audits()
    with snapshot():
        found = list(_found(audits, at_rest=at_rest, killed=killed))
        if not under_way:
            found = flight.lasting(found)
    return Report(_in_order(found), list(_not_checked(audits)))


def _found(audits: Audits, *, at_rest: bool, killed: bool) -> Iterator[Violation]:
    for invariant, each, only_at_rest in audits.checks(at_rest=at_rest, killed=killed):
        yield from made(invariant, each(), at_rest=only_at_rest)
    yield from compared(audits, at_rest=at_rest)
    for invariant, each in ALWAYS:
        yield from made(invariant, each(), at_rest=False)
    if audits.has(STEPS):
        steps = audits.facts("order_steps")
        yield from made("I9", causes.off_the_history(steps), at_rest=False)
    if at_rest:
        yield from made("I15", bus.dead(), at_rest=False)
        for invariant, each in AT_REST:
            yield from made(invariant, each(), at_rest=True)
    yield from made("I17", gauges.wrong_gauges(), at_rest=False)


def _not_checked(audits: Audits) -> Iterator[str]:
    yield from left_out(audits)
    if not audits.has(STEPS):
        yield "I9 (order_steps)"


def _in_order(found: Iterable[Violation]) -> list[Violation]:
    return sorted(dict.fromkeys(found), key=lambda each: int(each.invariant.removeprefix("I")))
