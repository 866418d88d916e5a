""".env.example names variables that the settings read."""

import re

from shop.tests.processes import ROOT


def test_the_example_names_variables_that_exist() -> None:
    named = re.findall(r"^# ([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE)
    settings = (ROOT / "shop/settings.py").read_text()

    assert len(named) == len(set(named)) > 5
    assert [name for name in named if f'"{name}"' not in settings] == []
