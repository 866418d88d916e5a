"""Killed at a sample of the statements of a path, the shop goes on as if nothing had been: what
`just sweep` does at all of them (docs/faults.md)."""

import json
from pathlib import Path

import pytest

from shop.tests.processes import run

pytestmark = [pytest.mark.process, pytest.mark.timeout(180)]
SAMPLE = ["--path", "paid", "--share", "0.005", "--commits", "0.08", "--measure", "1"]


def sweep(engine: str, file: Path) -> None:
    said = run("-m", "bench.sweep", "--engine", engine, *SAMPLE, "--json", str(file)).stdout
    assert file.exists(), said
    (path,) = json.loads(file.read_text())["paths"]
    assert path["violations"] == [], said
    assert path["deaths"]["worker"] > 0
    assert len(path["recoveries"]) > 0


@pytest.mark.engine("sqlite")  # each brings its own database
def test_a_sample_on_sqlite(tmp_path: Path) -> None:
    sweep("sqlite", tmp_path / "sweep.json")


@pytest.mark.engine("sqlite")
@pytest.mark.postgres
def test_a_sample_on_postgresql(tmp_path: Path) -> None:
    sweep("postgresql", tmp_path / "sweep.json")
