"""Every app boots, migrates and passes its own tests without the others.

This finds what reading the code does not, and is the proof that a context can be split out.
"""

from pathlib import Path

import pytest

from shop.tests.boundaries import CONTEXTS
from shop.tests.processes import succeed

pytestmark = [pytest.mark.alone, pytest.mark.timeout(600)]  # seconds; each is a suite of its own


@pytest.mark.parametrize("context", sorted(CONTEXTS))
def test_an_app_needs_no_other(context: str, tmp_path: Path) -> None:
    alone = {"SHOP_CONTEXTS": context, "DATABASE_URL": f"sqlite:///{tmp_path / 'alone.sqlite3'}"}

    succeed("manage.py", "check", "--fail-level", "WARNING", **alone)
    succeed("manage.py", "makemigrations", "--check", "--dry-run", **alone)
    succeed("manage.py", "migrate", "--verbosity", "0", **alone)
    succeed("-m", "pytest", "-m", "not browser", f"apps/{context}", CI="true", **alone)
