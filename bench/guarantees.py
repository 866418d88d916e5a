"""What the shop promises, with what was measured: `python -m bench.guarantees` (`just guarantees`).

docs/guarantees.md is bench/guarantees.md with the figures of docs/measured/ where it names them in
braces. What has not been measured says so. A test holds the committed document against that.
"""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from bench.recovery import figures

ROOT = Path(__file__).resolve().parents[1]
TEMPLATE = ROOT / "bench/guarantees.md"
DOCUMENT = ROOT / "docs/guarantees.md"
MEASURED = ROOT / "docs/measured"
TAKEN_UP = "taken up again (median, p95, longest) after"
NOT_YET = "*Not measured yet.*"


def document(measured: Path = MEASURED) -> str:
    """The whole document, from the figures in that folder."""
    text = TEMPLATE.read_text()
    for name, tell in FIGURES.items():
        found = [one for file in sorted(measured.glob(f"{name}*.json*")) for one in read(file)]
        text = text.replace(f"{{{name}}}", tell(found) if found else NOT_YET)
    return text


def read(file: Path) -> list[Any]:
    """What one run wrote, or each line of what several wrote one after the other."""
    text = file.read_text()
    if file.suffix == ".jsonl":
        return [json.loads(line) for line in text.splitlines()]
    return [json.loads(text)]


def sweep(runs: list[Any]) -> str:
    """A row an engine."""
    by_engine: dict[str, list[Any]] = {}
    for run in runs:
        for path in run["paths"]:
            by_engine.setdefault(path["engine"], []).append(path)
    rows = [
        (
            engine,
            len({path["path"] for path in paths}),
            sum(sum(path["points"].values()) for path in paths),
            sum(sum(path["deaths"].values()) for path in paths),
            sum(len(path["violations"]) for path in paths),
            taken_up(figures([each for path in paths for each in path.get("recoveries", [])])),
        )
        for engine, paths in by_engine.items()
    ]
    head = ["database", "paths", "points", "killed there", "broken promises"]
    return table([*head, f"{TAKEN_UP} the restart"], rows)


def taken_up(found: dict[str, float]) -> str:
    """What is said of times until killed work was taken up."""
    if not found.get("count"):
        return "not measured"
    return f"{found['median']}, {found['p95']}, {found['max']} s of {found['count']:.0f}"


def chaos(runs: list[Any]) -> str:
    """A row a run."""
    rows = []
    for run in runs:
        answers = {status: sum(those.values()) for status, those in run["answers"].items()}
        errors = sum(count for status, count in answers.items() if status >= "5")
        away = answers.get("503", 0)
        rows.append(
            (
                run["seed"],
                f"{sum(run['faults'].values()):,} of {len(run['faults'])} kinds",
                sum(answers.values()),
                away,
                errors - away,
                f"{run['drained']} s",
                len(run["violations"]),
                taken_up(run.get("seconds_until_taken_up", {})),
            )
        )
    head = [
        "seed",
        "faults",
        "tries",
        "503",
        "broken off, or other 5xx",
        "at rest after",
        "broken promises",
    ]
    return table([*head, f"{TAKEN_UP} a worker's death"], rows)


def contention(runs: list[Any]) -> str:
    """A row a measurement."""
    rows = [
        (
            one["what"],
            one["engine"],
            f"{one['clients']:,} for {one['units']}" + often(one["times"]),
            one["confirmed"],
            one["refused"],
            sum(count for told, count in one["answers"].items() if told >= "5" or told.isalpha()),
            "; ".join(one["wrong"]) or "nothing",
        )
        for run in runs
        for one in run
    ]
    head = ["", "database", "clients", "confirmed", "refused in words", "errors", "wrong"]
    return table(head, rows)


def often(times: int) -> str:
    """Nothing for once."""
    return f", {times} times" if times > 1 else ""


def restarts(runs: list[Any]) -> str:
    """A row a run."""
    rows = [
        (
            run["through"],
            f"{run['drain_seconds']} s" if run["drain_seconds"] else "none",
            run["restarts"],
            run["requests"],
            run["posts"],
            sum(run["failed"].values()),
            run["asked_again"],
            f"{run['confirmed']:,} of {run['orders']:,}",
            len(run["violations"]),
        )
        for run in sorted(runs, key=lambda run: -run["drain_seconds"])
    ]
    head = [
        "balancer",
        "draining",
        "restarts",
        "requests",
        "of them POST",
        "failed",
        "GET asked again",
    ]
    return table([*head, "orders confirmed", "broken promises"], rows)


def explore(runs: list[Any]) -> str:
    """A row a scenario."""
    rows = [
        (
            one["name"],
            ", ".join(f"{kind} {most}" for kind, most in one["bounds"].items() if most),
            one["states"],
            one["transitions"],
            one["done"],
            one["checked"],
            "yes" if one["exhausted"] else "no",
            len(one["broken"]),
        )
        for one in runs
    ]
    head = ["scenario", "at most", "states", "transitions", "steps done", "recalled and done"]
    head += ["all seen", "broken promises"]
    return table(head, rows)


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """As Markdown has it; thousands apart."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(map(shown, line)) + " |" for line in lines)


def shown(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)


FIGURES: dict[str, Callable[[list[Any]], str]] = {
    "sweep": sweep,
    "chaos": chaos,
    "contention": contention,
    "restarts": restarts,
    "explore": explore,
}

if __name__ == "__main__":
    DOCUMENT.write_text(document())
