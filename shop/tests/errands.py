"""What staff do in the admin while somebody shops."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from shop.tests.browsing import STAFF, fill_in, press, sign_in


@contextmanager
def staff_beside(page: Any) -> Iterator[Any]:
    """A page of somebody of the staff, signed in, in the same shop."""
    base = "/".join(page.url.split("/")[:3])
    staff = page.context.browser.new_page(base_url=base)
    staff.set_default_timeout(30_000)  # milliseconds
    sign_in(staff, STAFF)
    yield staff
    staff.context.close()


def change_price(staff: Any, title: str, price: str) -> None:
    staff.goto("/admin/products/product/")
    staff.get_by_role("link", name=title).click()
    staff.locator("input[name$='-price']").first.fill(price)
    press(staff, "Save")
    staff.get_by_text("changed successfully").wait_for()


def wait_for_price(page: Any, price: str) -> None:
    """Look at the cart until the news has come there."""
    for _ in range(50):
        page.goto("/cart/")
        if page.get_by_text(f"to {price}").count():
            return
        page.wait_for_timeout(100)
    raise AssertionError(f"The cart never showed {price}: {page.locator('main').inner_text()}")


def adjust_stock(staff: Any, sku: str, units: str) -> None:
    staff.goto(f"/admin/inventory/stockitem/?q={sku}")
    staff.locator("input.action-select").check()
    staff.locator("select[name=action]").select_option("adjust_stock")
    press(staff, "Run")
    fill_in(staff, {"Units:": units, "Reason:": "Counted again"})
    press(staff, "Adjust stock")
    staff.get_by_text("Stock adjusted").wait_for()


def act_on_order(staff: Any, number: str, action: str) -> None:
    staff.goto(f"/admin/orders/order/?q={number}")
    staff.locator("input.action-select").check()
    staff.locator("select[name=action]").select_option(label=action)
    press(staff, "Run")


def ship(staff: Any, number: str) -> None:
    """As staff, with a carrier."""
    staff.goto(f"/admin/orders/order/?q={number}")
    staff.locator("#result_list tbody th a").first.click()
    press(staff, "Ship this order")
    fill_in(staff, {"Carrier:": "DHL", "Tracking number:": "JD014"})
    press(staff, "Mark as shipped")
    staff.get_by_text(f"Shipped: {number}").wait_for()
