"""docs/configuration.md and .env.example name what shop/settings.py reads: no more, no less."""

import ast
import re

from shop.tests.processes import ROOT

READERS = {"env", "secret", "secrets"}  # `env.int("NAME")` and the settings' own functions


def variables_read(source: str) -> set[str]:
    """The names that calls of the readers begin with."""
    calls = (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call))
    return {
        str(call.args[0].value)
        for call in calls
        if call.args and isinstance(call.args[0], ast.Constant) and _root(call.func) in READERS
    }


def _root(function: ast.expr) -> str:
    while isinstance(function, ast.Attribute):
        function = function.value
    return function.id if isinstance(function, ast.Name) else ""


def variables_documented(page: str) -> list[str]:
    """The names in the tables' first columns."""
    return re.findall(r"^\| `([A-Z_]+)`(?: \*)? \|", page, re.MULTILINE)


READ = variables_read((ROOT / "shop/settings.py").read_text())
PAGE = (ROOT / "docs/configuration.md").read_text()


def test_every_variable_is_documented_once() -> None:
    assert sorted(variables_documented(PAGE)) == sorted(READ)


def test_the_example_names_variables_that_exist() -> None:
    named = re.findall(r"^# ([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE)

    assert len(named) == len(set(named)) > 5
    assert set(named) <= READ


def test_a_planted_variable_is_seen() -> None:
    assert variables_read('A = env.int("A_B", 1)\nC = secrets("C", env("D"))\nlen("E")') == {
        *("A_B", "C", "D"),
    }
