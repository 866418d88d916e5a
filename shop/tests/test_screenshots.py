"""The pictures of the pages are taken by a command of its own."""

import pytest

from shop.tests.processes import run


@pytest.mark.process
def test_it_starts_without_the_tests_settings_and_asks_for_a_folder() -> None:
    done = run("-m", "shop.tests.screenshots")
    assert "uv run python -m shop.tests.screenshots FOLDER" in done.stdout
    assert done.returncode == 1
