"""The catalogue of events for people: generated from the code, never written by hand."""

from pathlib import Path
from typing import Any

from eventbus import conf
from eventbus.contract import Contract
from eventbus.contract_files import public_contracts
from eventbus.registry import subscribers
from eventbus.schema import schema_of

HEAD = """# Events

Generated from the code by `manage.py eventbus contracts --write`; do not edit. The schemas are in
`contracts/`. Fields are only ever added; a change of meaning is a new version.
"""


def file() -> Path | None:
    """Where the catalogue is kept, if the settings name a place."""
    path = conf.get("catalogue")
    return Path(path) if path else None


def text() -> str:
    """The catalogue, as its file should read."""
    return HEAD + "".join(_section(contract) for contract in public_contracts())


def _section(contract: Contract) -> str:
    schema = schema_of(contract)
    about = " ".join(schema["description"].split())
    lines = [f"\n## {contract.name} v{contract.version}\n", f"{about}\n"]
    if contract.kind == "event":
        lines.append(f"From {contract.source}; read by {_readers(contract.name)}.\n")
    else:
        lines.append(f"A document of {contract.source}; it does not travel on the bus.\n")
    lines += ["| field | type |", "|---|---|"]
    lines += [f"| {name} | {_kind(field)} |" for name, field in schema["properties"].items()]
    return "\n".join(lines) + "\n"


def _readers(name: str) -> str:
    readers = sorted(s.name for s in subscribers.values() if name in s.handlers)
    return ", ".join(readers) or "nobody yet"


def _kind(field: dict[str, Any]) -> str:
    personal = ", personal" if field.get("x-personal") else ""
    if "anyOf" in field:
        return f"{_kind(field['anyOf'][0])} or null{personal}"
    if field["type"] == "array":
        return f"list of {_kind(field['items'])}"
    if field["type"] == "object":
        parts = (f"{name}: {_kind(part)}" for name, part in field["properties"].items())
        return f"({', '.join(parts)})"
    return f"{field.get('format', field['type'])}{personal}"
