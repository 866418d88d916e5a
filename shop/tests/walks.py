"""More ways through the shop for the pictures: an account, a cart that changes, the bank's
question, reviews, and what staff see of all that."""

import re
from collections.abc import Callable
from typing import Any

from django.template.loader import render_to_string

from shop.tests.browsing import (
    SHOPPER,
    STAFF,
    add_to_cart,
    fill_in,
    press,
    sign_in,
    to_review,
)
from shop.tests.cards import CHALLENGED, GOOD, REFUND_FAILS
from shop.tests.errands import adjust_stock, change_price, ship, staff_beside, wait_for_price

Shoot = Callable[[Any, str], None]
NEW = {"E-mail": "grace@example.com", "Password": "salt-and-cedar-41"}
ADDRESS = {
    "Full name": "Grace Hopper",
    "Street and number": "Pier 4",
    "Postcode": "20457",
    "City": "Hamburg",
}


def account(page: Any, shoot: Shoot) -> None:
    """Somebody new signs up, confirms the address, keeps another, and sets a new password."""
    page.goto("/users/signup/")
    fill_in(page, NEW | {"Password": "short", "Password again": "shorter"})
    press(page, "Create account")
    shoot(page, "sign-up-errors")
    fill_in(page, NEW | {"Password again": NEW["Password"]})
    press(page, "Create account")
    page.get_by_text("Now sign in.").wait_for()
    shoot(page, "signed-up")
    fill_in(page, NEW)
    press(page, "Sign in")
    page.goto("/users/me/")
    shoot(page, "profile-unconfirmed")
    _follow_mail(page, "Confirm your address")
    shoot(page, "verify")
    press(page, "Yes, it is mine")
    page.get_by_text("is yours.").wait_for()
    page.goto("/users/me/addresses/")
    shoot(page, "address-book-empty")
    page.get_by_role("link", name="Add an address").click()
    shoot(page, "address-new")
    fill_in(page, ADDRESS)
    press(page, "Save")
    for name in ("email", "password"):
        page.goto(f"/users/me/{name}/")
        shoot(page, f"change-{name}")
    press(page, "Sign out")
    page.goto("/users/reset/")
    fill_in(page, {"E-mail": NEW["E-mail"]})
    press(page, "Send the link")
    page.wait_for_url("**/users/login/")
    shoot(page, "reset-asked")
    _follow_mail(page, "password")
    shoot(page, "reset")
    page.goto("/users/login/")
    fill_in(page, NEW | {"Password": "not-the-password"})
    press(page, "Sign in")
    page.get_by_role("alert").wait_for()
    shoot(page, "sign-in-errors")


def _follow_mail(page: Any, subject: str) -> None:
    """The link in the newest mail about that, once it has come."""
    _mail(page, subject)
    page.locator("section a[href*='/users/']").first.click()


def _mail(page: Any, subject: str) -> None:
    mail = page.get_by_role("link", name=re.compile(subject, re.IGNORECASE)).first
    page.goto("/notifications/mailbox/")
    while not mail.count():
        page.wait_for_timeout(100)
        page.reload()
    mail.click()


def around(page: Any, shoot: Shoot) -> None:
    """What is seldom opened."""
    for name, address in {
        "terms": "/legal/terms/",
        "privacy": "/legal/privacy/",
        "refunds": "/legal/refunds/",
        "imprint": "/legal/imprint/",
        "api-docs": "/api/v1/docs/",
        "product-sale": "/products/reading-lamp/",
        "category-narrow": "/products/c/seating/",
        "link-refused": "/users/reset/none/",
        "search": "/products/?q=mug",
        "search-nothing": "/products/?q=zzxxyy",
        "narrowed": "/products/c/kitchen/?option=Colour:Red&in_stock=1&sort=price",
        "narrowed-to-nothing": "/products/?price_min=9000",
        "reviews": "/products/harbour-mug/reviews/",
    }.items():
        page.goto(address)
        shoot(page, name)
    page.goto("/products/?sort=-price")
    page.get_by_role("link", name="Next").click()
    page.wait_for_url("**cursor=**")
    shoot(page, "list-next")
    page.get_by_role("combobox", name="Search the shop").press_sequentially("mug")
    page.get_by_role("option").first.wait_for()
    shoot(page, "suggestions")


def errors(page: Any, shoot: Shoot) -> None:
    """What is said where something goes wrong."""
    for name, address in {
        "400": f"/products/?{'a=1&' * 1001}",
        "404": "/nothing/here/",
        "405": "/cart/coupon/",
    }.items():
        page.goto(address)
        shoot(page, name)
    page.goto("/products/harbour-mug/")
    page.context.clear_cookies()
    press(page, "Add to cart")
    page.get_by_role("link", name="Back to the shop").wait_for()
    shoot(page, "403-form-too-old")
    for name in ("403", "500", "503"):  # nobody gets there at will
        _answer(page, f"/{name}/", render_to_string(f"{name}.html"))
        page.goto(f"/{name}/")
        shoot(page, name)


def _answer(page: Any, path: str, text: str) -> None:
    """With this page, there and from now on."""
    page.route(f"**{path}", lambda route: route.fulfill(body=text, content_type="text/html"))


def coupons(page: Any, shoot: Shoot) -> None:
    """A coupon that is refused and one that is taken, and another country."""
    add_to_cart(page, "Paring knife")
    codes = {"coupon-refused": ("HARBOUR5", "to go"), "coupon": ("WELCOME10", "in your cart")}
    for name, (code, told) in codes.items():
        fill_in(page, {"Coupon code": code})
        press(page, "Use coupon")
        page.locator("#messages").get_by_text(told).wait_for()
        shoot(page, name)
    page.get_by_label("Country").select_option("US")
    press(page, "Update delivery")
    page.get_by_text("To United States").wait_for()
    shoot(page, "cart-abroad")
    to_review(page, GOOD)
    page.goto("/orders/checkout/shipping/")
    shoot(page, "checkout-abroad")
    page.goto("/orders/checkout/address/")
    page.get_by_label("Country").select_option("JP")
    press(page, "Continue")
    page.get_by_text("We do not deliver").wait_for()
    shoot(page, "checkout-nowhere")


def asked_by_the_bank(page: Any, shoot: Shoot) -> None:
    """3-D Secure: the question, the answer, and the order that it fails."""
    add_to_cart(page, "Espresso cup")
    to_review(page, CHALLENGED)
    press(page, "Place order")
    page.get_by_role("link", name="Confirm the payment").wait_for()
    shoot(page, "order-asks")
    page.get_by_role("link", name="Confirm the payment").click()
    shoot(page, "challenge")
    question = page.url
    press(page, "No, decline it")
    page.get_by_role("heading", name="declined").wait_for()
    shoot(page, "order-denied")
    page.goto(question)
    shoot(page, "challenge-answered")


def after_buying(page: Any, shoot: Shoot) -> None:
    """With a saved address, then the parcel, a review, and no more such mails."""
    sign_in(page, SHOPPER)
    add_to_cart(page, "Mantel clock")
    to_review(page, GOOD, contact={})
    page.goto("/orders/checkout/address/")
    shoot(page, "checkout-addresses")
    press(page, "Deliver here")
    page.wait_for_url("**/review/")
    press(page, "Place order")
    page.get_by_text("Confirmation mail sent").and_(page.locator(".done")).wait_for()
    order, number = page.url, page.locator("h1").inner_text().split()[-1]
    with staff_beside(page) as staff:
        ship(staff, number)
    page.goto(order)
    shoot(page, "order-shipped")
    page.goto("/products/mantel-clock/")
    shoot(page, "review-form")
    fill_in(page, {"In a few words": "Keeps time", "Your review": "And looks well doing it."})
    press(page, "Send the review")
    page.get_by_text("as soon as we have read it").wait_for()
    shoot(page, "review-sent")
    page.goto("/notifications/mailbox/")
    page.get_by_role("link", name="on its way").first.click()
    shoot(page, "mail-shipped")
    page.locator("section a[href*='/stop/']").click()
    shoot(page, "stop")
    press(page, "Stop them")
    shoot(page, "stopped")


def changes(page: Any, shoot: Shoot) -> None:
    """A price that changes under a cart, and stock that goes while somebody pays."""
    add_to_cart(page, "Porch lantern")
    with staff_beside(page) as staff:
        change_price(staff, "Porch lantern", "38.50")
        wait_for_price(page, "€38.50")
        shoot(page, "cart-changed")
        press(page, "Accept the changes")
        to_review(page, GOOD)
        adjust_stock(staff, "LTN-GRA", "-18")
        press(page, "Place order")
        page.get_by_role("heading", name="Sold out").wait_for()
        shoot(page, "order-sold-out")
        wait_in_the_cart(page, shoot)
        adjust_stock(staff, "LTN-GRA", "18")
    _mail(page, "is back")
    shoot(page, "mail-back")


def wait_in_the_cart(page: Any, shoot: Shoot) -> None:
    """To be told of what is sold out, and to take it out."""
    page.goto("/cart/")
    page.locator("summary", has_text="Tell me").click()
    shoot(page, "cart-sold-out")
    fill_in(page, {"Your e-mail": "ada@example.com"})
    press(page, "Tell me when it is back")
    page.get_by_text("We will write to").wait_for()
    shoot(page, "waiting")
    press(page, "Remove")
    page.get_by_text("is taken out").wait_for()
    shoot(page, "cart-undo")


def money_back(page: Any, shoot: Shoot) -> None:
    """Staff give back a part, and the bank says no."""
    add_to_cart(page, "Steel bottle")
    to_review(page, REFUND_FAILS)
    press(page, "Place order")
    page.get_by_text("Confirmation mail sent").and_(page.locator(".done")).wait_for()
    order_id = page.url.rstrip("/").rpartition("/")[2]
    sign_in(page, STAFF)
    page.goto(f"/admin/orders/order/{order_id}/change/")
    shoot(page, "admin-order-confirmed")
    page.get_by_role("link", name="Payment", exact=True).click()
    page.locator("input.action-select").check()
    page.locator("select[name=action]").select_option("give_back")
    press(page, "Run")
    shoot(page, "admin-refund")
    for name, address in {
        "admin": "/admin/",
        "admin-payments": "/admin/payments/payment/",
        "admin-reviews": "/admin/products/review/",
        "admin-products": "/admin/products/product/",
        "admin-price-lists": "/admin/products/pricelist/",
        "admin-coupons": "/admin/cart/coupon/",
        "admin-mails": "/admin/notifications/notification/",
        "admin-ledger": "/admin/inventory/ledgerentry/",
        "admin-dead-letters": "/admin/eventbus/parked/",
    }.items():
        page.goto(address)
        shoot(page, name)


WALKS = (account, around, errors, coupons, changes, asked_by_the_bank, after_buying)
