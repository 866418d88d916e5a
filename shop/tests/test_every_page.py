"""Every page that a shopper can come to, in each state that matters, keeps to what is asked of all."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from shop.tests.browsing import CONTACT, card, chromium, running_demo
from shop.tests.cards import GOOD
from shop.tests.inspection import Inspector
from shop.tests.keyboard import Keyboard
from shop.tests.screenshots import FOREIGN, SHOPPERS, without_scripts

pytestmark = [pytest.mark.browser, pytest.mark.process, pytest.mark.suite]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_demo(tmp_path_factory.mktemp("demo")) as address:
        yield address


def inspect(browser: Any, base: str) -> Inspector:
    """All walks, each as a new guest; the steps of one need what those before it left."""
    inspector = Inspector(spared=FOREIGN)
    for walk in SHOPPERS:
        context = browser.new_context(base_url=base)
        context.set_default_timeout(30_000)  # milliseconds
        page = context.new_page()
        if walk is without_scripts:  # the checks need scripts, the pages get none
            page.route("**/*.js", lambda route: route.fulfill(content_type="text/javascript"))
        inspector.watch(page)
        walk(page, inspector)
        context.close()
    return inspector


@pytest.mark.timeout(600)
def test_nothing_is_wrong_with_any_page(browser: Any, base: str) -> None:
    inspector = inspect(browser, base)
    assert inspector.wrong == []
    assert len(inspector.figures) >= 75


def test_a_keyboard_is_enough_from_home_to_a_confirmed_order(browser: Any, base: str) -> None:
    page = browser.new_page(base_url=base)
    page.set_default_timeout(30_000)  # milliseconds
    keys = Keyboard(page)
    page.goto("/")
    keys.skip()
    page.goto("/")
    search(keys, "harbour mug")
    keys.skip()
    keys.press(r"Harbour mug\b")
    keys.skip()
    keys.press("Add to cart", tells="in your cart")
    keys.press("Go to your cart")
    for _ in range(6):  # however many steps the checkout has
        if re.search(r"/orders/[0-9a-f-]{36}/$", page.url):
            break
        keys.skip()
        keys.press("Checkout|Continue|Place order", typing=CONTACT | card(GOOD))
    page.get_by_role("heading", name="Thank you! Your order is confirmed.").wait_for()
    assert keys.wrong == []
    page.close()


def search(keys: Keyboard, words: str) -> None:
    """By the field in the header."""
    while stop := keys.next():
        if stop["name"] == "Search the shop":
            break
    keys.page.keyboard.type(words)
    with keys.page.expect_navigation():
        keys.page.keyboard.press("Enter")
