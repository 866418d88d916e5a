"""The README's way through the API, run as it is printed there."""

import re
import subprocess
from pathlib import Path

import pytest

from shop.tests.browsing import running_demo
from shop.tests.processes import ROOT, outer_environment

pytestmark = pytest.mark.process


def printed() -> str:
    [block] = re.findall(r"^```sh\n(.*?)^```$", (ROOT / "README.md").read_text(), re.S | re.M)
    return str(block)


def walk(base: str, script: str) -> subprocess.CompletedProcess[str]:
    """The first step that fails ends it."""
    return subprocess.run(
        ["sh", "-eu", "-c", script],
        env=outer_environment() | {"SHOP": base},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=100,
        check=False,
    )


def test_the_readmes_walk_through_the_api_leads_to_its_end(tmp_path: Path) -> None:
    with running_demo(tmp_path) as base:
        done = walk(base, printed())
        astray = walk(base, printed().replace('"country": "DE"}\'', '"country": "XX"}\'', 1))
    assert done.returncode == 0, done.stdout
    assert "Payment" in done.stdout, done.stdout
    assert done.stdout.endswith("CANCELLED\n"), done.stdout
    assert astray.returncode != 0, astray.stdout
    assert "CONFIRMED" not in astray.stdout
