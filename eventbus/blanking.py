"""Blanking personal data: what the contract marks as personal, wherever it is nested.

A blank is what the type allows: null where the field may be null, else "" for text, 0 and "0",
false, an empty list, the zero UUID, and 1970 for a time. So every view still reads it.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from eventbus import conf
from eventbus.contract import contracts
from eventbus.engines import engine
from eventbus.envelope import ERASED
from eventbus.schema import schema_of

Schema = Mapping[str, Any]

BLANKS: dict[tuple[str, str | None], Any] = {
    ("string", None): "",
    ("string", "decimal"): "0",
    ("string", "uuid"): "00000000-0000-0000-0000-000000000000",
    ("string", "date-time"): "1970-01-01T00:00:00+00:00",
    ("integer", None): 0,
    ("boolean", None): False,
}


def on_arrival(bodies: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The events as they may be kept: those whose subject was erased are blank. Costs a look-up
    by an index if one of them has a subject."""
    subjects = {body["subject"] for body in bodies if body["subject"]}
    erased = engine().erased(subjects) if subjects else set()
    return [_arrived(body) if body["subject"] in erased else body for body in bodies]


def _arrived(body: dict[str, Any]) -> dict[str, Any]:
    if body["headers"].get(ERASED):
        return body
    return body | blanks(body["name"], body["version"], body["payload"], body["headers"])


def blanks(
    name: str, version: int, payload: Mapping[str, Any], headers: Mapping[str, Any]
) -> dict[str, Any]:
    """The payload and the headers of an event whose subject was erased."""
    return {"payload": blanked(name, version, payload), "headers": {**headers, ERASED: True}}


def blanked(name: str, version: int, payload: Mapping[str, Any]) -> dict[str, Any]:
    """The payload without personal data. All of it goes when no contract says what is personal:
    of an event from elsewhere whose contract file is not kept here."""
    schema = _schema(name, version)
    if schema is None:
        return {}
    blank: dict[str, Any] = _keep(schema, payload)
    return blank


def _schema(name: str, version: int) -> Schema | None:
    contract = contracts.get((name, version))
    if contract:
        return schema_of(contract)
    file = conf.contracts_folder() / f"{name}.v{version}.json"
    kept: Schema | None = json.loads(file.read_text()) if file.exists() else None
    return kept


def _keep(schema: Schema, value: Any) -> Any:
    """The value without what the schema marks within it."""
    if schema.get("x-personal"):
        return _blank(schema, value)
    if value is None:
        return None
    if "anyOf" in schema:
        return _keep(schema["anyOf"][0], value)
    if schema["type"] == "array" and isinstance(value, list):
        return [_keep(schema["items"], each) for each in value]
    if schema["type"] == "object" and isinstance(value, Mapping):
        return _fields(_keep, schema, value)
    misfit = schema["type"] in ("array", "object")  # nobody can say what it holds
    return _blank(schema, value) if misfit else value


def _blank(schema: Schema, value: Any) -> Any:
    """What stands for the value when all of it is personal."""
    if "anyOf" in schema:
        return None
    if schema["type"] == "array":
        return []
    if schema["type"] == "object":
        return _fields(_blank, schema, value if isinstance(value, Mapping) else {})
    return BLANKS[schema["type"], schema.get("format")]


def _fields(act: Any, schema: Schema, value: Mapping[str, Any]) -> dict[str, Any]:
    """Fields that the contract does not know are not kept: nobody can say what they hold."""
    known = schema["properties"]
    return {name: act(known[name], each) for name, each in value.items() if name in known}
