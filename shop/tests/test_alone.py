"""Every app boots, migrates and passes its own tests without the others.

This finds what reading the code does not, and is the proof that a context can be split out.
"""

from pathlib import Path

import pytest

from shop.tests.boundaries import CONTEXTS
from shop.tests.processes import succeed

BOOT = """
from django.core.management import call_command
call_command("check", fail_level="WARNING")
call_command("makemigrations", check_changes=True, dry_run=True)
call_command("migrate", verbosity=0)
"""
pytestmark = [pytest.mark.alone, pytest.mark.timeout(600)]  # seconds; each is a suite of its own


@pytest.mark.parametrize("context", sorted(CONTEXTS))
def test_an_app_needs_no_other(context: str, tmp_path: Path) -> None:
    alone = {"SHOP_CONTEXTS": context, "DATABASE_URL": f"sqlite:///{tmp_path / 'alone.sqlite3'}"}

    succeed("manage.py", "shell", "-v0", "-c", BOOT, **alone)
    succeed("-m", "pytest", "-m", "not browser", f"apps/{context}", CI="true", **alone)
