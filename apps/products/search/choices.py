"""What can be had of a product, as text that both databases can look into.

A line says what some variant is on one axis, as "Colour:Blue", or on several at once, these parted
by tabs. So a line is there exactly when one variant is all that, and whoever asks for blue in M
finds no product that is blue in S and red in M.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations, product

MOST = 12  # values that a question may name


def value(axis: str, name: str) -> str:
    """One value of one axis."""
    return f"{_plain(axis).replace(':', ' ')}:{_plain(name)}"


def lines(variants: Iterable[Iterable[str]]) -> str:
    """Of a product whose variants have these values."""
    found = {_line(some) for values in variants for some in _subsets(sorted(set(values)))}
    return "".join(f"\n{line}" for line in sorted(found)) + "\n" if found else ""


def wanted(values: Mapping[str, Sequence[str]]) -> list[str]:
    """The lines of which a product must have one, to be had with one of the values on each axis;
    none when nothing is asked."""
    if not values:
        return []
    return [_line(some) for some in product(*values.values())]


def by_axis(values: Iterable[str]) -> dict[str, list[str]]:
    """The first MOST of the values, by their axes."""
    found: dict[str, list[str]] = {}
    for one in list(dict.fromkeys(values))[:MOST]:
        found.setdefault(one.partition(":")[0], []).append(one)
    return found


def _line(values: Iterable[str]) -> str:
    return "\t".join(sorted(values))


def _subsets(values: Sequence[str]) -> Iterable[tuple[str, ...]]:
    return (some for size in range(1, len(values) + 1) for some in combinations(values, size))


def _plain(text: str) -> str:
    return " ".join(text.split())
