"""docs/guarantees.md says what was measured, and names tests that exist."""

import ast
import json
import re
from pathlib import Path

import pytest

from bench import guarantees

TEST = re.compile(r"`([\w/]+/test_\w+\.py)::(\w+)`")


def test_the_committed_document_is_the_one_of_the_committed_figures() -> None:
    assert guarantees.DOCUMENT.read_text() == guarantees.document(), "run: just guarantees"


def test_what_was_not_measured_is_said(tmp_path: Path) -> None:
    text = guarantees.document(tmp_path)
    assert text.count(guarantees.NOT_YET) == len(guarantees.FIGURES) == 5
    assert not re.search(r"\{\w+\}", text)


@pytest.mark.parametrize(
    "file", sorted(guarantees.MEASURED.glob("*.json*")), ids=lambda it: it.name
)
def test_every_figure_has_its_place(file: Path, tmp_path: Path) -> None:
    (tmp_path / file.name).write_text(file.read_text())
    assert guarantees.document(tmp_path).count(guarantees.NOT_YET) == 4


def test_what_went_wrong_is_not_left_out(tmp_path: Path) -> None:
    seen = {
        "what": "last unit",
        "engine": "sqlite",
        "clients": 100,
        "units": 1,
        "times": 2,
        "answers": {"201": 197, "500": 2, "TimeoutError": 1},
        "confirmed": 3,
        "refused": 1_197,
        "wrong": ["LAST-001: sold twice"],
    }
    (tmp_path / "contention.json").write_text(json.dumps([seen]))
    row = "| last unit | sqlite | 100 for 1, 2 times | 3 | 1,197 | 3 | LAST-001: sold twice |"
    assert row in guarantees.document(tmp_path)


def test_every_test_that_it_names_exists() -> None:
    named = TEST.findall(guarantees.TEMPLATE.read_text())
    assert len(named) > 20
    for file, name in named:
        tree = ast.parse((guarantees.ROOT / file).read_text())
        assert name in {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def test_a_sweep_is_a_row_a_database(tmp_path: Path) -> None:
    path = {
        "path": "paid",
        "engine": "sqlite",
        "points": {"web": 900, "worker": 400},
        "deaths": {"web": 90, "worker": 41},
        "violations": ["step 1, point 2: I4"],
        "recoveries": [0.1, 0.2, 1.5],
    }
    other = path | {"path": "declined", "recoveries": [], "violations": []}
    (tmp_path / "sweep.json").write_text(json.dumps({"paths": [path, other]}))
    row = "| sqlite | 2 | 2,600 | 262 | 1 | 0.2, 1.5, 1.5 s of 3 |"
    assert row in guarantees.document(tmp_path)
