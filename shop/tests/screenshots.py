"""Pictures of every page, for eyes: narrow and wide, light and dark.

    uv run python -m shop.tests.screenshots FOLDER

starts a demo of its own, walks through the shop and leaves FOLDER/PAGE-WIDTH-THEME.png.
"""

import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import django

from shop.tests.browsing import (
    CONTACT,
    SHOPPER,
    STAFF,
    add_to_cart,
    card,
    chromium,
    fill_in,
    pay,
    press,
    running_demo,
    sign_in,
    to_review,
)
from shop.tests.cards import GOOD, NO_FUNDS
from shop.tests.walks import WALKS, Shoot, money_back

WIDTHS, THEMES, HEIGHT = (390, 1280), ("light", "dark"), 900
WHOLE = """() => {
  const late = [...document.querySelectorAll("[loading=lazy]")];
  for (const one of late) one.loading = "eager";
  return Promise.all(late.map(one => one.decode()));
}"""  # pictures below the window come too
LONG = "Everyday cotton blanket"


def shooter(folder: Path) -> Shoot:
    """`shoot(page, name)` takes the page as it is, in every width and theme, and tells which
    is too wide for its window."""
    folder.mkdir(parents=True, exist_ok=True)

    def shoot(page: Any, name: str) -> None:
        page.wait_for_load_state("networkidle" if name in FOREIGN else "load")
        page.evaluate(WHOLE)
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": HEIGHT})
            for theme in THEMES:
                page.emulate_media(color_scheme=theme)
                file = folder / f"{name}-{width}-{theme}.png"
                page.screenshot(path=file, full_page=True, animations="disabled")
            too_wide = page.locator("html").evaluate("it => it.scrollWidth - it.clientWidth")
            if too_wide:
                print(f"{name} at {width} px is {too_wide} px too wide")  # noqa: T201
        print(name)  # noqa: T201

    return shoot


def looking(page: Any, shoot: Shoot) -> None:
    """What a guest sees before buying."""
    for name, address in {
        "home": "/",
        "list": "/products/",
        "category": "/products/c/kitchen/",
        "product": "/products/harbour-mug/",
        "product-sold-out": "/products/dusk-table-lamp/?sku=LMP-CRM",
        "product-long-name": "/products/everyday-blanket/",
        "cart-empty": "/cart/",
        "sign-in": "/users/login/",
        "sign-up": "/users/signup/",
        "forgotten-password": "/users/reset/",
        "mailbox-empty": "/notifications/mailbox/",
    }.items():
        page.goto(address)
        shoot(page, name)


def buying(page: Any, shoot: Shoot) -> None:
    """From the cart to an order in each of its states."""
    add_to_cart(page, "Harbour mug", option="Red")
    add_to_cart(page, LONG)
    shoot(page, "cart")
    press(page, "Checkout")
    shoot(page, "checkout-address")
    fill_in(page, CONTACT)
    press(page, "Continue")
    page.wait_for_url("**/shipping/")
    shoot(page, "checkout-shipping")
    press(page, "Continue")
    page.wait_for_url("**/payment/")
    shoot(page, "checkout-payment")
    fill_in(page, {"Card number": "4242", "Expiry (MM/YY)": "1", "Security code": "1"})
    press(page, "Continue")
    page.locator("#card-expiry-error:not(:empty)").wait_for()
    shoot(page, "checkout-card-errors")
    pay(page, NO_FUNDS, "Continue")
    page.wait_for_url("**/review/")
    shoot(page, "checkout-review")
    page.goto("/orders/checkout/payment/")
    shoot(page, "checkout-card-kept")
    press(page, "Continue")
    press(page, "Place order")
    page.get_by_role("heading", name="declined").wait_for()
    shoot(page, "order-failed")
    fill_in(page, card(GOOD))
    page.route("**/timeline/**", lambda route: route.fulfill(status=204))
    press(page, "Pay with another card")
    page.get_by_text("We are working on your order").wait_for()
    shoot(page, "order-pending")
    page.unroute("**/timeline/**")
    page.get_by_text("Confirmation mail sent").and_(page.locator(".done")).wait_for()
    shoot(page, "order-confirmed")
    press(page, "Cancel this order")
    page.get_by_text("Cancellation mail sent").wait_for()
    shoot(page, "order-cancelled")


def without_scripts(page: Any, shoot: Shoot) -> None:
    """The card's own page, and the errors that only the server can show."""
    add_to_cart(page, "Steel bottle")
    press(page, "Checkout")
    page.locator("main form").evaluate("form => form.noValidate = true")
    fill_in(page, CONTACT | {"E-mail": "nobody", "Postcode": " "})
    press(page, "Continue")
    page.get_by_role("alert").wait_for()
    shoot(page, "checkout-errors")
    fill_in(page, CONTACT)
    press(page, "Continue")
    page.wait_for_url("**/shipping/")
    press(page, "Continue")
    page.wait_for_url("**/payment/")
    fill_in(page, card("4242 4242 4242 4241"))
    press(page, "Continue")
    page.wait_for_url("**/card/")
    shoot(page, "card-page-errors")
    fill_in(page, card(GOOD))
    press(page, "Continue")
    page.get_by_text("Visa ending in").wait_for()
    shoot(page, "card-page")


def signed_in(page: Any, shoot: Shoot) -> None:
    """A customer's own pages, and the mails."""
    sign_in(page, SHOPPER)
    page.goto("/orders/")
    shoot(page, "my-orders-empty")
    for number in (GOOD, NO_FUNDS):
        add_to_cart(page, "Harbour mug", option="Blue")
        to_review(page, number, contact={})
        press(page, "Place order")
        page.locator("li.failed, .done:has-text('Confirmation mail')").first.wait_for()
    for name, address in {
        "my-orders": "/orders/",
        "profile": "/users/me/",
        "address-book": "/users/me/addresses/",
        "mail-preferences": "/notifications/preferences/",
        "mailbox": "/notifications/mailbox/",
    }.items():
        page.goto(address)
        shoot(page, name)
    page.get_by_role("link", name="confirmed").first.click()
    page.wait_for_load_state("networkidle")
    shoot(page, "mail")


def at_work(page: Any, shoot: Shoot) -> None:
    """The staff's view of orders and stock."""
    sign_in(page, STAFF)
    page.goto("/admin/orders/order/")
    shoot(page, "admin-orders")
    page.goto(page.locator("#result_list tbody th a").first.get_attribute("href"))
    shoot(page, "admin-order")
    page.goto("/admin/inventory/stockitem/")
    shoot(page, "admin-stock")


SHOPPERS = (looking, buying, without_scripts, signed_in, *WALKS)
STAFFS = (money_back, at_work)
FOREIGN = {"api-docs"}  # pages that are not ours


def main(folder: Path) -> None:
    """Take them all."""
    shoot = shooter(folder)
    with (
        tempfile.TemporaryDirectory() as scratch,
        running_demo(Path(scratch)) as base,
        chromium() as browser,
    ):
        for walk in (*SHOPPERS, *STAFFS):
            scripts = walk is not without_scripts
            context = browser.new_context(base_url=base, java_script_enabled=scripts)
            context.set_default_timeout(30_000)  # milliseconds
            walk(context.new_page(), shoot)
            context.close()


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")
    django.setup()
    main(Path(sys.argv[1]))
