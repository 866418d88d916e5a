"""Without a browser the other tests pass, the browser's say why they did not run, and CI fails."""

from pathlib import Path

import pytest

from shop.tests.processes import run


@pytest.mark.process
@pytest.mark.parametrize(("ci", "code"), [("false", 0), ("true", 1)])
def test_a_missing_browser_is_told_and_fails_ci_alone(tmp_path: Path, ci: str, code: int) -> None:
    nowhere = {"PATH": str(tmp_path), "PLAYWRIGHT_BROWSERS_PATH": str(tmp_path)}
    apart = {"DATABASE_URL": f"sqlite:///{tmp_path}/apart.sqlite3"}
    done = run("-m", "pytest", "apps/payments/tests/test_browser.py", CI=ci, **nowhere, **apart)
    assert "There is no Chromium to drive: apt-get install chromium" in done.stdout
    assert "4 skipped" in done.stdout
    assert done.returncode == code
