"""Typed classes to plain JSON data and back, and to JSON Schema.

The vocabulary is small on purpose: str, int, bool, Decimal, UUID, datetime, `X | None`,
`tuple[X, ...]` and payload classes. Decimals, ids and times travel as strings.
"""

import dataclasses
import inspect
import types
from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints
from uuid import UUID

from eventbus.contract import PERSONAL, Contract
from eventbus.errors import BadDeclaration, Unreadable

Encode = Callable[[Any], Any]
Decode = Callable[[Any], Any]

SCALARS: dict[type, dict[str, str]] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    bool: {"type": "boolean"},
    Decimal: {"type": "string", "format": "decimal"},
    UUID: {"type": "string", "format": "uuid"},
    datetime: {"type": "string", "format": "date-time"},
}


def encode(instance: Any) -> dict[str, Any]:
    """The payload as JSON data. Raises TypeError when a field's value is not of its type."""
    kind: Any = type(instance)
    data: dict[str, Any] = _encoder(kind)(instance)
    return data


def decode(view: Any, data: Any) -> Any:
    """An instance of `view` from JSON data; fields it does not name are ignored.

    Raises Unreadable naming the path of the first field that is missing or mistyped.
    """
    return _decoder(view)(data)


def schema_of(contract: Contract) -> dict[str, Any]:
    """The contract as it stands in its file."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": contract.name,
        "description": inspect.getdoc(contract.cls) or "",
        "x-kind": contract.kind,
        "x-version": contract.version,
        "x-source": contract.source,
        **({"x-state": True} if contract.state else {}),
        **({"x-subject": contract.subject} if contract.subject else {}),
        **_schema(contract.cls),
    }


def view_problems(view: type, schema: Mapping[str, Any], path: str = "") -> list[str]:
    """What `view` reads that `schema` does not promise; empty when they fit."""
    promised, required = schema.get("properties", {}), schema.get("required", ())
    problems = []
    for field in dataclasses.fields(view):
        here = f"{path}.{field.name}"
        wanted = _schema(_hints(view)[field.name])
        if field.name not in promised:
            if field.default is dataclasses.MISSING:
                problems.append(f"{here} is not promised")
            continue
        if field.name not in required and field.default is dataclasses.MISSING:
            problems.append(f"{here} may be absent, so the view needs a default")
        problems += _kind_problems(
            _hints(view)[field.name], wanted, dict(promised[field.name]), here
        )
    return problems


def _kind_problems(
    hint: Any, wanted: dict[str, Any], promised: dict[str, Any], path: str
) -> list[str]:
    plain, nullable = _without_none(_bare(hint))
    promised.pop("x-personal", None)
    if "anyOf" in promised:
        if not nullable:
            return [f"{path} may be null"]
        promised = dict(promised["anyOf"][0])
    if get_origin(plain) is tuple:
        item = get_args(plain)[0]
        if promised.get("type") != "array":
            return [f"{path} is not a list"]
        return _kind_problems(item, _schema(item), dict(promised["items"]), f"{path}[]")
    if dataclasses.is_dataclass(plain) and isinstance(plain, type):
        if promised.get("type") != "object":
            return [f"{path} is not an object"]
        return view_problems(plain, promised, path)
    kind = SCALARS[plain]
    same = {name: promised.get(name) for name in ("type", "format") if name in promised} == kind
    return [] if same else [f"{path} is {promised}, not {kind}"]


@cache
def _hints(cls: Any) -> dict[str, Any]:
    return get_type_hints(cls, include_extras=True)


def _bare(hint: Any) -> Any:
    return get_args(hint)[0] if get_origin(hint) is Annotated else hint


def _is_personal(hint: Any) -> bool:
    return get_origin(hint) is Annotated and PERSONAL in get_args(hint)[1:]


def _without_none(hint: Any) -> tuple[Any, bool]:
    if get_origin(hint) in (Union, types.UnionType):
        kept = [arg for arg in get_args(hint) if arg is not type(None)]
        if len(kept) != 1:
            raise BadDeclaration(f"{hint} is not supported: one type, or that type or None.")
        return kept[0], True
    return hint, False


def _schema(hint: Any) -> dict[str, Any]:
    plain, nullable = _without_none(_bare(hint))
    made: dict[str, Any]
    if get_origin(plain) is tuple:
        made = {"type": "array", "items": _schema(get_args(plain)[0])}
    elif dataclasses.is_dataclass(plain) and isinstance(plain, type):
        fields = dataclasses.fields(plain)
        made = {
            "type": "object",
            "properties": {field.name: _schema(_hints(plain)[field.name]) for field in fields},
            "required": [f.name for f in fields if f.default is dataclasses.MISSING],
        }
    elif plain in SCALARS:
        made = dict(SCALARS[plain])
    else:
        raise BadDeclaration(f"{hint} cannot travel in an event.")
    if nullable:
        made = {"anyOf": [made, {"type": "null"}]}
    if _is_personal(hint):
        made["x-personal"] = True
    return made


@cache
def _encoder(hint: Any) -> Encode:
    plain, nullable = _without_none(_bare(hint))
    one: Encode
    if get_origin(plain) is tuple:
        item = _encoder(get_args(plain)[0])
        one = lambda value: [item(each) for each in value]  # noqa: E731
    elif dataclasses.is_dataclass(plain):
        one = _object_encoder(plain)
    else:
        one = _scalar_encoder(plain)
    if nullable:
        return lambda value: None if value is None else one(value)
    return one


def _object_encoder(cls: Any) -> Encode:
    hints = _hints(cls)
    fields = [(field.name, _encoder(hints[field.name])) for field in dataclasses.fields(cls)]
    return lambda value: {name: enc(getattr(value, name)) for name, enc in fields}


def _scalar_encoder(kind: Any) -> Encode:
    def encode_scalar(value: Any) -> Any:
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise TypeError(f"{type(value).__name__} given where {kind.__name__} is declared")
        if kind is str and not value.isprintable():
            _demand_storable(value)
        if kind is datetime:
            if value.tzinfo is None:
                raise TypeError("a time without a zone")
            return value.isoformat()
        return str(value) if kind in (Decimal, UUID) else value

    return encode_scalar


@cache
def _decoder(hint: Any) -> Decode:
    plain, nullable = _without_none(_bare(hint))
    one: Decode
    if get_origin(plain) is tuple:
        one = _list_decoder(_decoder(get_args(plain)[0]))
    elif dataclasses.is_dataclass(plain):
        one = _object_decoder(plain)
    else:
        one = _scalar_decoder(plain)
    if nullable:
        return lambda value: None if value is None else one(value)
    return one


def _list_decoder(item: Decode) -> Decode:
    def decode_list(value: Any) -> tuple[Any, ...]:
        if not isinstance(value, list):
            raise Unreadable("", "a list is needed", value)
        items = []
        try:
            for each in value:
                items.append(item(each))
        except Unreadable as error:
            raise error.under(f"[{len(items)}]") from None
        return tuple(items)

    return decode_list


def _object_decoder(cls: Any) -> Decode:
    fields = [
        (field.name, _decoder(_hints(cls)[field.name]), field.default is dataclasses.MISSING)
        for field in dataclasses.fields(cls)
    ]

    def decode_object(value: Any) -> Any:
        if not isinstance(value, (dict, Mapping)):  # asking for a Mapping takes its time
            raise Unreadable("", "an object is needed", value)
        kwargs = {}
        for name, decode_field, needed in fields:
            if name in value:
                try:
                    kwargs[name] = decode_field(value[name])
                except Unreadable as error:
                    raise error.under(f".{name}") from None
            elif needed:
                raise Unreadable(f".{name}", "is missing")
        return cls(**kwargs)

    return decode_object


def _demand_storable(text: str) -> None:
    """Raises ValueError for what JSON in PostgreSQL cannot hold, before its transaction breaks."""
    if "\0" in text:
        raise ValueError("a text with a NUL character")
    text.encode()  # a lone surrogate: UnicodeEncodeError is a ValueError


PARSERS: dict[Any, Callable[[str], Any]] = {
    Decimal: Decimal,
    UUID: UUID,
    datetime: datetime.fromisoformat,
}


def _scalar_decoder(kind: Any) -> Decode:
    parse, wire = PARSERS.get(kind), str if kind in PARSERS else kind

    def decode_scalar(value: Any) -> Any:
        if not isinstance(value, wire) or (kind is int and isinstance(value, bool)):
            raise Unreadable("", f"a {kind.__name__} is needed", value)
        if parse is None:
            return value
        try:
            return parse(value)
        except (ValueError, InvalidOperation):
            raise Unreadable("", f"is not a {kind.__name__}", value) from None

    return decode_scalar
