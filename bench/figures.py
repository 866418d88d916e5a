"""Samples by round, their medians, and the table with the goal beside each figure."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field


def percentile(values: list[float], share: float) -> float:
    """The value that `share` (0 to 1) of the values do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


@dataclass(slots=True)
class Samples:
    """What each round measured, by name; a name's list has one entry a round."""

    values: dict[str, list[float]] = field(default_factory=dict)

    def add(self, name: str, value: float) -> float:
        self.values.setdefault(name, []).append(value)
        return value

    def median(self, name: str) -> float:
        return statistics.median(self.values[name])

    def ratio(self, name: str, reference: str) -> float:
        """The median of the rounds' ratios: the two were measured seconds apart in each."""
        pairs = zip(self.values[name], self.values[reference], strict=True)
        return statistics.median(one / other for one, other in pairs)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the table."""

    what: str
    figure: str
    against: str = ""  # the ratio and what it is to
    goal: str = ""
    met: bool | None = None  # None: no goal, a reference or an explanation

    def __str__(self) -> str:
        verdict = {True: "met", False: "MISSED", None: ""}[self.met]
        return (
            f"{self.what:<46} {self.figure:>24}  {self.against:<19} {self.goal:<24} {verdict}"
        ).rstrip()

    def markdown(self) -> str:
        """The line of the table in docs/bus-measured.md."""
        what = f"– {self.what.strip()}" if self.what.startswith(" ") else self.what
        found = ", ".join(filter(None, (self.figure, self.against)))
        verdict = {True: "met", False: "**missed**", None: ""}[self.met]
        line = f"| {what} | {found} | {self.goal} | {verdict} |"
        return line.replace(">=", "≥").replace("<=", "≤").replace(" us", " µs")


def table(rows: Sequence[Row]) -> str:
    """The table in docs/bus-measured.md."""
    head = "| | measured | goal | |\n|---|---|---|---|\n"
    return head + "\n".join(row.markdown() for row in rows)
