"""Text as search sees it: words of letters and digits, small, without accents."""

import re
import unicodedata

WORD = re.compile(r"[^\W_]+")
LONGEST = 40  # characters of a word
MOST = 8  # words of a question; what comes after them is not looked at
LONGEST_QUESTION = 200  # characters
STOPPED = frozenset(
    [
        "a",
        "an",
        "and",
        "are",
        "as",
        "at",
        "be",
        "by",
        "for",
        "from",
        "in",
        "is",
        "it",
        "of",
        "on",
        "or",
        "our",
        "that",
        "the",
        "this",
        "to",
        "we",
        "with",
        "you",
    ]
)


def normal(text: str) -> str:
    """The words of the text in their order, parted by one space."""
    plain = unicodedata.normalize("NFKD", text)
    bare = "".join(sign for sign in plain if not unicodedata.combining(sign))
    return " ".join(word[:LONGEST] for word in WORD.findall(bare.casefold()))


def asked(question: str) -> list[str]:
    """The words of what somebody typed, each once; without those that are in every text, unless
    there are no others."""
    words = list(dict.fromkeys(normal(question[:LONGEST_QUESTION]).split()))
    telling = [word for word in words if word not in STOPPED]
    return (telling or words)[:MOST]
