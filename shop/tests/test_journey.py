"""A shopper's whole way through the running shop in a real browser, with scripts and without."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from shop.tests.browsing import (
    SHOPPER,
    STAFF,
    Watch,
    add_to_cart,
    binary,
    chromium,
    fill_in,
    number_of,
    pay,
    press,
    running_demo,
    sign_in,
    think_twice,
    to_review,
    units_in_cart,
)
from shop.tests.cards import GOOD, NO_FUNDS
from shop.tests.errands import act_on_order, adjust_stock, change_price, wait_for_price

pytestmark = [pytest.mark.browser, pytest.mark.process]
ORDER = re.compile(r"/orders/[0-9a-f-]{36}/$")
CONFIRMED = "Thank you! Your order is confirmed."
WAIT = 10_000  # milliseconds
NARROW, WIDE = {"width": 390, "height": 800}, {"width": 1280, "height": 900}
Walk = Callable[..., Any]
both_ways = pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_demo(tmp_path_factory.mktemp("demo")) as address:
        yield address


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as started:
        yield started


@pytest.fixture
def walk(base: str, browser: Any) -> Walk:
    """`with walk(scripts=True) as (page, watch)`: a new guest; nothing may go wrong meanwhile."""

    @contextmanager
    def walking(*, scripts: bool = True) -> Iterator[tuple[Any, Watch]]:
        context = browser.new_context(base_url=base, java_script_enabled=scripts, viewport=NARROW)
        context.set_default_timeout(WAIT)
        page, watch = context.new_page(), Watch()
        watch.attach(page)
        try:
            yield page, watch
        finally:
            context.close()
        assert watch.wrong == []

    return walking


def fits(page: Any) -> None:
    """The page, narrow and wide, needs no scrolling sideways."""
    for size in (WIDE, NARROW):
        page.set_viewport_size(size)
        # A layout's width from outside, as the page's own scripts may be off.
        root = page.locator("html")
        too_wide = root.evaluate("html => html.scrollWidth - html.clientWidth")
        assert too_wide == 0, f"{page.url} at {size['width']} px is {too_wide} px too wide"


def buy_a_mug(page: Any, *, number: str = GOOD, scripts: bool = True) -> None:
    """A guest with a mug in the cart who goes all the way to the order's page."""
    add_to_cart(page, "Harbour mug", option="Red")
    to_review(page, number, scripts=scripts)
    place(page)


def place(page: Any) -> None:
    press(page, "Place order")
    page.wait_for_url(ORDER)


def heading(page: Any, words: str) -> None:
    page.get_by_role("heading", name=words).wait_for()


@both_ways
def test_a_guest_buys_and_the_mails_link_opens_the_order(walk: Walk, scripts: bool) -> None:
    with walk(scripts=scripts) as (page, watch):
        for address in ("/products/c/seating/", "/"):  # with a sale, at a narrow page's limit
            page.goto(address)
            fits(page)
        add_to_cart(page, "Harbour mug", option="Red")
        page.wait_for_load_state()
        loads = watch.loads
        think_twice(page, scripts=scripts)
        assert not scripts or watch.loads == loads
        fits(page)
        to_review(page, GOOD, scripts=scripts)
        for step in ("address", "shipping", "payment", "review"):
            page.goto(f"/orders/checkout/{step}/")
            fits(page)
        place(page)
        page.wait_for_load_state()
        loads, number = watch.loads, number_of(page)
        heading(page, CONFIRMED)
        page.locator(".done", has_text="Confirmation mail sent").wait_for()
        assert page.locator(".timeline li.done").count() == 5
        fits(page)
        if scripts:
            assert watch.loads == loads  # the page filled in where it stood
            page.locator("header .badge").wait_for(state="detached")
        assert units_in_cart(page) == 0

        page.get_by_role("link", name="Mailbox").click()
        fits(page)
        page.get_by_role("link", name=number).click()
        fits(page)
        page.context.clear_cookies()  # as on another machine: the link alone must do
        page.locator("section a[href*='/orders/']").first.click()
        heading(page, CONFIRMED)
        assert number_of(page) == number
        assert "token" not in page.url


@both_ways
def test_a_declined_card_keeps_the_cart_and_another_card_pays(walk: Walk, scripts: bool) -> None:
    with walk(scripts=scripts) as (page, _):
        buy_a_mug(page, number=NO_FUNDS, scripts=scripts)
        heading(page, "Your payment was declined")
        assert page.get_by_text("insufficient funds").count()
        assert units_in_cart(page) == 1
        fits(page)
        failed = number_of(page)

        address = page.url
        pay(page, GOOD, "Pay with another card", scripts=scripts)
        page.wait_for_url(lambda url: "/orders/" in url and url != address)
        heading(page, CONFIRMED)
        assert number_of(page) != failed
        page.goto("/cart/")
        fits(page)
        assert page.get_by_text("Your cart is empty").count()


def test_a_double_click_and_a_resubmit_after_back_make_one_order(walk: Walk) -> None:
    with walk() as (page, _):
        sign_in(page, SHOPPER)
        add_to_cart(page, "Harbour mug", option="Red")
        to_review(page, GOOD, contact={})
        page.get_by_role("button", name="Place order").dblclick()
        heading(page, CONFIRMED)
        number = number_of(page)
        for _ in range(3):  # to the review, the payment, and the cart's page
            page.go_back()
            if "/cart/" not in page.url:
                heading(page, CONFIRMED)
                assert number_of(page) == number
        page.reload()
        page.goto("/orders/")
        assert page.locator("tbody tr").count() == 1
        fits(page)


@both_ways
def test_a_confirmed_order_is_cancelled_and_the_money_comes_back(walk: Walk, scripts: bool) -> None:
    with walk(scripts=scripts) as (page, _):
        buy_a_mug(page, scripts=scripts)
        heading(page, CONFIRMED)
        press(page, "Cancel this order")
        heading(page, "Your order is cancelled.")
        page.locator(".done", has_text="Refunded €19.80").wait_for()
        page.locator(".done", has_text="Cancellation mail sent").wait_for()
        assert page.get_by_role("button", name="Cancel this order").count() == 0
        fits(page)


def test_what_staff_do_reaches_the_shopper(walk: Walk) -> None:
    """A new price shows in the cart, a shipped order on its page."""
    with walk() as (ada, _), walk() as (staff, _):
        add_to_cart(ada, "Porch lantern")
        staff.set_viewport_size(WIDE)
        sign_in(staff, STAFF)
        adjust_stock(staff, "MUG-GRA", "-11")
        change_price(staff, "Porch lantern", "36.50")
        wait_for_price(ada, "€36.50")
        ada.goto("/products/harbour-mug/?sku=MUG-GRA")
        ada.get_by_text("Only 1 left").wait_for()
        ada.goto("/cart/")
        fits(ada)
        press(ada, "Accept the changes")
        to_review(ada, GOOD)
        place(ada)
        ada.locator(".done", has_text="Confirmation mail sent").wait_for()

        act_on_order(staff, number_of(ada), "Ship the selected orders")
        fill_in(staff, {"Carrier:": "DHL", "Tracking number:": "JD014"})
        press(staff, "Ship")
        staff.get_by_text("Shipped: HP-").wait_for()
        ada.reload()
        heading(ada, "Your order is on its way.")
        assert ada.get_by_text("Shipped with DHL, tracking number JD014").count()
        act_on_order(staff, number_of(ada), "Cancel the selected orders")
        staff.get_by_text("Could not be cancelled in their status").wait_for()


def test_without_a_browser_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(AssertionError, match="apt-get install chromium"):
        binary(f"{tmp_path}/chrome")
