"""Every page that a shopper can come to, in each state that matters, keeps to what is asked of all."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from shop.tests.browsing import chromium, running_demo
from shop.tests.inspection import Inspector
from shop.tests.screenshots import SHOPPERS, without_scripts

pytestmark = [pytest.mark.browser, pytest.mark.process, pytest.mark.suite]
FOREIGN = {"api-docs"}  # Swagger's own page


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as started:
        yield started


def inspect(browser: Any, base: str) -> Inspector:
    """All walks, each as a new guest; the steps of one need what those before it left."""
    inspector = Inspector(spared=FOREIGN)
    for walk in SHOPPERS:
        context = browser.new_context(base_url=base)
        context.set_default_timeout(10_000)  # milliseconds
        page = context.new_page()
        if walk is without_scripts:  # the checks need scripts, the pages get none
            page.route("**/*.js", lambda route: route.fulfill(content_type="text/javascript"))
        inspector.watch(page)
        walk(page, inspector)
        context.close()
    return inspector


@pytest.mark.timeout(300)
def test_nothing_is_wrong_with_any_page(browser: Any, tmp_path: Path) -> None:
    with running_demo(tmp_path) as base:
        inspector = inspect(browser, base)
    assert inspector.wrong == []
    assert len(inspector.figures) >= 75
