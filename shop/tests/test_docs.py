"""Documents say what is true: links lead somewhere, variables and commands exist."""

import ast
import re
import shlex
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import get_commands

from eventbus.management.commands.eventbus import Command

ROOT = Path(settings.BASE_DIR)
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
LINK = re.compile(r"\]\((?!https?:|#)([^)#]+)")
READ = re.compile(r"""(?:env\.\w+|secrets)\(\s*"([A-Z_]+)\"""")
TEST = re.compile(r"`([\w/]+/test_\w+\.py)::(\w+)`")
LISTED = re.compile(r"^\| `([A-Z_]+)`", re.M)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_to_a_file(document: Path) -> None:
    targets = LINK.findall(document.read_text())
    assert [target for target in targets if not (document.parent / target).exists()] == []


def names_in(path: Path) -> set[str]:
    if not path.exists():
        return set()
    tree = ast.parse(path.read_text())
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_every_wish_has_tests_that_exist() -> None:
    rows = re.findall(r"^\| (A\d+) \|(.*)$", (ROOT / "docs/acceptance.md").read_text(), re.M)
    assert [number for number, _ in rows] == [f"A{number}" for number in range(1, 16)]
    named = {number: TEST.findall(row) for number, row in rows}
    assert [number for number, tests in named.items() if not tests] == []
    every = [test for tests in named.values() for test in tests]
    assert [(file, test) for file, test in every if test not in names_in(ROOT / file)] == []


def test_every_variable_is_documented_and_every_documented_one_is_read() -> None:
    read = {
        variable
        for name in ("environment", "settings")
        for variable in READ.findall((ROOT / f"shop/{name}.py").read_text())
    }
    assert "DATABASE_URL" in read
    assert read == set(LISTED.findall((ROOT / "docs/configuration.md").read_text()))


def test_the_commands_of_the_readme_exist() -> None:
    named = set(re.findall(r"manage\.py (\w+)", (ROOT / "README.md").read_text()))
    assert named == {"demo", "eventbus"}
    assert named <= set(get_commands())


@pytest.mark.parametrize("record", sorted((ROOT / "docs/adr").glob("*.md")), ids=lambda p: p.stem)
def test_a_decision_says_when_to_look_again(record: Path) -> None:
    text = record.read_text()
    for part in (
        "**Context.**",
        "**Options",
        "**Decision.**",
        "**Consequences.**",
        "**Look again**",
    ):
        assert part in text
    assert len(text.splitlines()) <= 60


def told() -> list[str]:
    """The commands that the runbook tells to give, without placeholders."""
    text = (ROOT / "docs/bus-operating.md").read_text()
    found = re.findall(r"`eventbus ([^`…]+)`|^\$ eventbus (.+)$", text, re.M)
    return sorted({one or other for one, other in found})


@pytest.mark.parametrize("line", told())
def test_the_runbook_names_commands_that_exist(line: str) -> None:
    uuid, number = "00000000-0000-7000-8000-000000000000", "7"
    act, *words = shlex.split(line)
    event = number if act == "show" else uuid
    known = {"EVENT": event, "ID": uuid}
    parser = Command().create_parser("manage.py", "eventbus")
    assert parser.parse_args([act, *(known.get(word, word) for word in words)]).do
