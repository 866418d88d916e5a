"""What the clients asked for and what came of it, in the order in which they learned it."""

import json
import threading
import time
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Entry:
    """`invoke` when a request is sent first; `ok`, `fail` (refused) or `unknown` when it is over.

    `key` is its Idempotency-Key. `status` and `order` (the id) are of the answer.
    """

    at: float  # seconds since the history began
    kind: str
    what: str  # place, retry or cancel
    key: str
    status: int = 0
    order: str = ""
    body: Any = None


class History:
    """Kept in memory and as a line of JSON each in a file, for whoever looks for the reason."""

    def __init__(self, path: Path) -> None:
        self.entries: list[Entry] = []
        self.answers: Counter[tuple[int, str]] = Counter()  # each try: status, the fault then
        self.errors: list[str] = []  # 5xx that nothing explains
        self._began = time.monotonic()
        self._lock = threading.Lock()
        self._file = path.open("w")

    def close(self) -> None:
        self._file.close()

    def note(self, kind: str, what: str, key: str, **facts: Any) -> None:
        entry = Entry(round(time.monotonic() - self._began, 3), kind, what, key, **facts)
        with self._lock:
            self.entries.append(entry)
            self._file.write(json.dumps(asdict(entry)) + "\n")

    def count(self, status: int, fault: str) -> None:
        """Every try, also those that were repeated; 0: the connection broke."""
        with self._lock:
            self.answers[status, fault] += 1

    def of(self, kind: str, *whats: str) -> list[Entry]:
        return [one for one in self.entries if one.kind == kind and one.what in whats]
