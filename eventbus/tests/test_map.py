"""docs/bus-tests.md names tests that exist."""

import ast
import re
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
TEST = re.compile(r"`([\w/]*test_\w+\.py)(?:::(\w+))?`")


def names_in(path: Path) -> set[str]:
    tree = ast.parse(path.read_text())
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_every_test_of_the_map_exists() -> None:
    named = TEST.findall((ROOT / "docs/bus-tests.md").read_text())
    assert len(named) > 50
    missing = []
    for file, test in named:
        path = ROOT / file if "/" in file else HERE / file
        if not path.exists() or (test and test not in names_in(path)):
            missing.append(f"{file}::{test}")
    assert missing == []
