"""What an order makes a process do: statements by table, and by handler what it takes."""

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any


def count_statements() -> Counter[str]:
    """Counts the statements to PostgreSQL from now on, by what they do to which table."""
    import psycopg

    found: Counter[str] = Counter()
    execute = psycopg.Cursor.execute

    def counting(cursor: Any, query: Any, *args: Any, **kwargs: Any) -> Any:
        found[_short(str(query))] += 1
        return execute(cursor, query, *args, **kwargs)

    psycopg.Cursor.execute = counting  # type: ignore[assignment,method-assign]
    return found


def count_handlers(statements: Counter[str]) -> dict[str, list[float]]:
    """From now on, by handler: calls, events, CPU seconds, statements. What it costs to decode
    its events is counted, what it costs to write those that it publishes is the bus's."""
    from eventbus import calls, delivery

    found: dict[str, list[float]] = {}
    invoke = delivery.invoke

    @contextmanager
    def counted(name: str, events: int) -> Iterator[None]:
        cpu, said = time.process_time(), statements.total()
        yield
        row = found.setdefault(name, [0, 0, 0, 0])
        new = 1, events, time.process_time() - cpu, statements.total() - said
        row[:] = [before + more for before, more in zip(row, new, strict=True)]

    def counting(handler: Any, events: Sequence[Any], **how: Any) -> Any:
        name = f"{handler.subscriber} <- {handler.name}"
        with counted(name, len(events)):
            result = invoke(handler, events, **how)
        if isinstance(result, Sequence):
            return [recording(f"{name}: its result", each) for each in result]
        return recording(f"{name}: its result", result)

    def recording(name: str, record: Any) -> Any:
        if not callable(record):
            return record

        def record_it() -> Any:
            with counted(name, 1):
                return record()

        return record_it

    delivery.invoke = calls.invoke = counting  # type: ignore[attr-defined]
    return found


def _short(statement: str) -> str:
    words = statement.replace('"', "").split()
    verb = words[0] if words else ""
    before = {"SELECT": "FROM", "INSERT": "INTO", "UPDATE": "UPDATE", "DELETE": "FROM"}.get(verb)
    if before in words and words.index(before) + 1 < len(words):
        return f"{verb} {words[words.index(before) + 1]}"
    return verb


def each_of(rows: dict[str, list[float]], orders: int) -> Iterator[str]:
    """The table, dearest first."""
    yield f"{'CPU':>9} {'statements':>11} {'events':>8} {'calls':>8}   an order"
    for name, (calls, events, cpu, statements) in sorted(
        rows.items(), key=lambda each: -each[1][2]
    ):
        yield (
            f"{cpu / orders * 1000:6.2f} ms {statements / orders:11.2f} {events / orders:8.2f}"
            f" {calls / orders:8.2f}   {name}"
        )
