""".env.example names variables that the settings read."""

import re

from shop.tests.processes import ROOT


def test_the_example_names_variables_that_exist() -> None:
    named = re.findall(r"^# ([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE)
    read = [(ROOT / f"shop/{name}.py").read_text() for name in ("environment", "settings")]

    assert len(named) == len(set(named)) > 5
    assert [name for name in named if not any(f'"{name}"' in text for text in read)] == []
