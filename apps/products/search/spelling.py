"""How far words are from each other."""


def trigrams(word: str) -> set[str]:
    """As PostgreSQL's pg_trgm cuts a word: two spaces before it and one behind."""
    padded = f"  {word} "
    return {padded[start : start + 3] for start in range(len(padded) - 2)}


def likeness(one: str, other: str) -> float:
    """Shared trigrams of all trigrams, 0 to 1."""
    left, right = trigrams(one), trigrams(other)
    return len(left & right) / len(left | right)


def slips(one: str, other: str) -> int:
    """How many letters were left out, put in, mistaken or swapped with the next (Damerau and
    Levenshtein's distance, no letter touched twice)."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for place, letter in enumerate(one, start=1):
        above, row = row, [place]
        for at, its in enumerate(other, start=1):
            cost = min(row[at - 1] + 1, above[at] + 1, above[at - 1] + (letter != its))
            if place > 1 and at > 1 and (its, letter) == (one[place - 2], other[at - 2]):
                cost = min(cost, before[at - 2] + 1)
            row.append(cost)
        before = above
    return row[-1]


def forgiven(word: str) -> int:
    """How many slips are likely in a word of its length."""
    return 1 if len(word) <= 4 else 2 if len(word) <= 8 else 3
