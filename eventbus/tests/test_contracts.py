"""Typed classes, their schema, and the two sides of a contract."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from eventbus import Personal, event, payload
from eventbus.contract import contract_of
from eventbus.contract_files import producer_problems, text_of, view_file_problems
from eventbus.errors import BadDeclaration, Unreadable
from eventbus.schema import decode, encode, schema_of, view_problems


@payload
class Part:
    sku: str
    count: int


@event("sample.made", version=1, subject="who")
class Made:
    """Everything an event may carry."""

    id: UUID
    who: Personal[str]
    price: Decimal
    at: datetime
    parts: tuple[Part, ...]
    final: bool
    note: str | None
    extra: int = 0


MADE = Made(
    id=UUID(int=1),
    who="ada",
    price=Decimal("1.10"),
    at=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
    parts=(Part(sku="a", count=2),),
    final=True,
    note=None,
)
DATA: dict[str, Any] = {
    "id": "00000000-0000-0000-0000-000000000001",
    "who": "ada",
    "price": "1.10",
    "at": "2026-01-02T03:04:05+00:00",
    "parts": [{"sku": "a", "count": 2}],
    "final": True,
    "note": None,
    "extra": 0,
}


def test_an_event_travels_as_plain_json_and_comes_back_equal() -> None:
    assert encode(MADE) == DATA
    assert decode(Made, json.loads(json.dumps(DATA))) == MADE


def test_unknown_fields_are_ignored_and_defaults_fill_in() -> None:
    data = {**DATA, "new": 1}
    del data["extra"]
    assert decode(Made, data) == MADE


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"price": 1.1}, ".price"),
        ({"price": "one"}, ".price"),
        ({"id": "7"}, ".id"),
        ({"at": "yesterday"}, ".at"),
        ({"final": 1}, ".final"),
        ({"extra": True}, ".extra"),
        ({"who": None}, ".who"),
        ({"parts": {}}, ".parts"),
        ({"parts": [{"sku": "a", "count": "2"}]}, ".parts[0].count"),
        ({"parts": [{"sku": "a"}]}, ".parts[0].count"),
    ],
)
def test_a_misfit_is_named_by_its_path_and_not_by_its_value(
    change: dict[str, Any], path: str
) -> None:
    with pytest.raises(Unreadable) as error:
        decode(Made, {**DATA, **change})
    assert f"{path}:" in str(error.value)
    assert "yesterday" not in str(error.value)


def test_a_time_without_a_zone_is_refused() -> None:
    from dataclasses import replace

    with pytest.raises(TypeError, match="zone"):
        encode(replace(MADE, at=datetime(2026, 1, 1)))  # noqa: DTZ001


def test_the_schema_marks_what_is_personal_and_whose() -> None:
    schema = schema_of(contract_of(MADE))
    assert schema["x-subject"] == "who"
    assert schema["properties"]["who"] == {"type": "string", "x-personal": True}
    assert schema["properties"]["note"] == {"anyOf": [{"type": "string"}, {"type": "null"}]}
    assert "extra" not in schema["required"]


@payload
class Fits:
    who: str
    note: str | None
    parts: tuple[Part, ...]
    unborn: int = 3


@payload
class WantsWeight:
    sku: str
    weight: int


@payload
class Misfits:
    price: int
    note: str
    parts: tuple[WantsWeight, ...]
    extra: int
    final: str


def test_a_view_that_reads_what_is_promised_fits() -> None:
    assert view_problems(Fits, schema_of(contract_of(MADE))) == []


def test_every_misfit_of_a_view_is_named() -> None:
    assert view_problems(Misfits, schema_of(contract_of(MADE))) == [
        ".price is {'type': 'string', 'format': 'decimal'}, not {'type': 'integer'}",
        ".note may be null",
        ".parts[].weight is not promised",
        ".extra may be absent, so the view needs a default",
        ".final is {'type': 'boolean'}, not {'type': 'string'}",
    ]


def test_files_are_held_against_both_sides(tmp_path: Path, settings: Any) -> None:
    settings.EVENTBUS = {**settings.EVENTBUS, "contracts": tmp_path}
    contract = contract_of(MADE)
    assert "does not exist" in producer_problems(contract)[0]
    assert "no contract" in view_file_problems(Fits, "sample.made")[0]
    file = tmp_path / "sample.made.v1.json"
    file.write_text(text_of(contract))
    assert producer_problems(contract) == []
    assert view_file_problems(Fits, "sample.made") == []
    # A second version that dropped a field: the view must fit every version kept.
    older = json.loads(text_of(contract))
    del older["properties"]["note"]
    (tmp_path / "sample.made.v2.json").write_text(json.dumps(older))
    assert view_file_problems(Fits, "sample.made") == [
        "Fits.note is not promised by sample.made.v2"
    ]


@pytest.mark.parametrize("name", ["Orders.created", "orders", "orders.created.v1", "orders.Made"])
def test_a_malformed_name_is_refused(name: str) -> None:
    with pytest.raises(BadDeclaration):
        event(name, version=1)(type("X", (), {}))


def test_a_name_and_version_is_declared_once() -> None:
    with pytest.raises(BadDeclaration, match="twice"):

        @event("sample.made", version=1)
        class Other:
            n: int
