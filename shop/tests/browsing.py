"""A shop that runs and a browser to look at it with: what the journey and the pictures share."""

import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

from shop.tests.filling import fill
from shop.tests.processes import ROOT, outer_environment

START_SECONDS, STOP_SECONDS = 60, 10
EXPIRY = "12/35"
CONTACT = {
    "E-mail": "ada@example.com",
    "Full name": "Ada Lovelace",
    "Street and number": "1 Harbour Street",
    "Postcode": "10115",
    "City": "Berlin",
}
STAFF = {"E-mail": "staff@example.com", "Password": "harbour-staff-demo"}
SHOPPER = {"E-mail": "shopper@example.com", "Password": "pine-shopper-demo"}


@contextmanager
def running_demo(folder: Path) -> Iterator[str]:
    """The address of `manage.py demo`, on a free port and a new SQLite file in the folder.

    Raises AssertionError with what it printed when it does not come up.
    """
    port, log = _free_port(), folder / "demo.log"
    fill(folder / "demo.sqlite3")
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "manage.py", "demo", "--bare", "--port", str(port)],
            cwd=ROOT,
            env=outer_environment() | {"DATABASE_URL": f"sqlite:///{folder}/demo.sqlite3"},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        base = f"http://127.0.0.1:{port}"
        _wait_until_ready(process, base, log)
        yield base
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


MISSING = (
    "There is no Chromium to drive: apt-get install chromium, or uv run playwright install chromium"
)


@contextmanager
def chromium() -> Iterator[Any]:
    """A headless Chromium: the system's, else Playwright's own.

    Raises AssertionError, with what to do, when there is none.
    """
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=binary(playwright.chromium.executable_path),
            # Root has no sandbox, and a container little shared memory.
            args=["--no-sandbox", "--disable-dev-shm-usage"],
        )
        yield browser
        browser.close()


def binary(own: str) -> str:
    """The system's Chromium, else Playwright's own; raises as `chromium` does."""
    found = shutil.which("chromium") or own
    assert Path(found).exists(), MISSING
    return found


@cache
def is_installed() -> bool:
    """Whether there is a Chromium to drive."""
    if shutil.which("chromium"):
        return True
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        return Path(playwright.chromium.executable_path).exists()


@dataclass
class Watch:
    """Everything that a page must not do; and how often the browser loaded a whole page."""

    wrong: list[str] = field(default_factory=list)
    loads: int = 0
    errors_expected: bool = False  # True: a page may itself be the answer to something refused

    def attach(self, page: Any) -> None:
        page.on("pageerror", lambda error: self.wrong.append(f"page error: {error}"))
        page.on("console", self._console)
        page.on("requestfailed", self._failed)
        page.on("response", self._response)
        page.on("load", lambda page: self._loaded(page))

    def _console(self, line: Any) -> None:
        if line.type not in ("error", "warning"):
            return
        # The browser tells of a status, which `_response` knows better.
        if not (self.errors_expected and line.text.startswith("Failed to load resource")):
            self.wrong.append(f"console: {line.text}")

    def _failed(self, request: Any) -> None:
        # A poll that the next page cuts off has not failed.
        if request.failure != "net::ERR_ABORTED":
            self.wrong.append(f"request failed: {request.url} {request.failure}")

    def _response(self, response: Any) -> None:
        request = response.request
        form = request.method == "POST" and "hx-request" in request.headers  # shown as a page is
        shown = request.is_navigation_request() or form
        if response.status >= 400 and not (shown and self.errors_expected):
            self.wrong.append(f"{response.status}: {response.url}")

    def _loaded(self, page: Any) -> None:
        self.loads += 1


def fill_in(page: Any, fields: dict[str, str]) -> None:
    """Type into the fields with these labels."""
    for label, text in fields.items():
        page.get_by_label(label, exact=True).fill(text)


def card(number: str) -> dict[str, str]:
    """The card's fields, by label."""
    return {"Card number": number, "Expiry (MM/YY)": EXPIRY, "Security code": "123"}


def press(page: Any, name: str) -> None:
    """Click the button whose name begins so."""
    page.get_by_role("button", name=name).first.click()


def sign_in(page: Any, person: dict[str, str]) -> None:
    """As one of the demo's people."""
    page.goto("/users/login/")
    fill_in(page, person)
    press(page, "Sign in")


def add_to_cart(page: Any, product: str, *, option: str = "") -> None:
    """From the list by links to the product, its variant, and into the cart."""
    page.goto("/products/")
    while not (link := page.get_by_role("link", name=product)).count():
        page.get_by_role("link", name="Next").click()
    link.first.click()
    if option:
        page.get_by_role("link", name=option, exact=True).click()
    press(page, "Add to cart")
    page.locator("#messages").get_by_text("in your cart").wait_for()
    page.goto("/cart/")  # without scripts it is there already


def think_twice(page: Any, *, scripts: bool) -> None:
    """Take the first article out of the cart and put it back; with scripts by the keyboard alone."""
    press(page, "Remove")
    told = page.locator("#messages")
    told.get_by_text("is taken out.").wait_for()
    if scripts:
        # The browser focuses it some milliseconds before htmx has taken its form over.
        told.locator(":not(.htmx-added) > form button:focus").wait_for()
        page.keyboard.press("Enter")
        page.locator("input[name=quantity]:focus").wait_for()
    else:
        press(page, "Undo")
    told.get_by_text("in your cart.").wait_for()


def number_of(page: Any) -> str:
    """The order's, as the page's title says."""
    return str(page.locator("h1").inner_text()).removeprefix("Order ")


def units_in_cart(page: Any) -> int:
    badge = page.locator("header .badge")
    return int(re.findall(r"\d+", badge.inner_text())[0]) if badge.count() else 0


def to_review(
    page: Any, number: str, *, contact: dict[str, str] = CONTACT, scripts: bool = True
) -> None:
    """From the cart through the steps of the checkout, as they are offered; without a contact as
    somebody whose address is chosen already. Without scripts the card has a page of its own."""
    press(page, "Checkout")
    if contact:
        page.wait_for_url("**/checkout/address/")
        fill_in(page, contact)
        press(page, "Continue")
        page.wait_for_url("**/checkout/shipping/")
        press(page, "Continue")
    page.wait_for_url("**/checkout/payment/")
    pay(page, number, "Continue", scripts=scripts)
    page.wait_for_url("**/checkout/review/")


def pay(page: Any, number: str, button: str, *, scripts: bool = True) -> None:
    """Send the card by the button."""
    fill_in(page, card(number))
    press(page, button)
    if not scripts:
        page.get_by_text("Visa ending in").wait_for()
        press(page, button)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until_ready(process: "subprocess.Popen[bytes]", base: str, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        assert process.poll() is None, log.read_text()
        try:
            with urlopen(f"{base}/readyz", timeout=5):  # noqa: S310
                return
        except URLError:
            time.sleep(0.1)
    raise AssertionError(log.read_text())
