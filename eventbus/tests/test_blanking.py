"""What is blanked of a person's data: all that the contract marks, and nothing else."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from eventbus.blanking import blanked
from eventbus.contract import contract_of, contracts
from eventbus.contract_files import text_of
from eventbus.schema import decode, encode
from eventbus.tests.test_erasure import BLANK, Met


@pytest.fixture
def own_contracts() -> Iterator[None]:
    before = dict(contracts)
    yield
    contracts.clear()
    contracts.update(before)


def test_every_type_has_a_blank_that_every_view_reads() -> None:
    blank = blanked("test.met", 1, encode(Met(who="u1", name="Ada", n=1)))
    assert blank == BLANK
    assert encode(decode(Met, blank)) == blank


def test_blanking_twice_changes_nothing() -> None:
    assert blanked("test.met", 1, BLANK) == BLANK


def test_what_is_unknown_or_misshapen_is_not_kept() -> None:
    """Nobody can say what it holds."""
    body = {**BLANK, "extra": "Ada", "home": "Main 1", "contacts": "a@b.c", "work": ["Side 2"]}
    blank = blanked("test.met", 1, body)
    assert "extra" not in blank
    assert (blank["home"], blank["contacts"]) == ({}, [])
    assert blank["work"] == {}


def test_an_event_without_a_contract_loses_everything(tmp_path: Path, settings: Any) -> None:
    settings.EVENTBUS = {**settings.EVENTBUS, "contracts": tmp_path}
    assert blanked("test.unknown", 1, {"name": "Ada"}) == {}
    assert blanked("test.met", 2, {"name": "Ada"}) == {}


def test_the_contract_file_speaks_for_what_is_declared_elsewhere(
    tmp_path: Path, settings: Any, own_contracts: None
) -> None:
    settings.EVENTBUS = {**settings.EVENTBUS, "contracts": tmp_path}
    body = encode(Met(who="u1", name="Ada", n=1))
    contract = contract_of(Met(who="u1", name="Ada", n=1))
    (tmp_path / "test.met.v1.json").write_text(text_of(contract))
    del contracts["test.met", 1]
    assert blanked("test.met", 1, body) == BLANK
