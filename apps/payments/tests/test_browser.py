"""The card in a real browser, with scripts and without."""

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest

from apps.payments import queries
from apps.payments.models import PaymentMethod

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.urls("apps.payments.tests.browser_urls"),
]
EXPIRY = f"12/{(datetime.now(UTC).year + 2) % 100}"
Visit = Callable[..., Any]


@pytest.fixture
def visit(live_server: Any) -> Visit:
    """`with visit(scripts=True) as page`: the checkout page of a shopper with a cart. What its
    console complains of, as a breach of the content security policy, fails the test."""

    @contextmanager
    def visiting(*, scripts: bool = True) -> Iterator[Any]:
        from playwright.sync_api import sync_playwright

        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=shutil.which("chromium"), args=["--no-sandbox"]
            )
            context = browser.new_context(java_script_enabled=scripts, base_url=live_server.url)
            context.add_cookies(
                [{"name": "cart_token", "value": "the-carts-secret", "url": live_server.url}]
            )
            page, breaches = context.new_page(), []
            page.on("pageerror", lambda error: breaches.append(str(error)))
            page.on("console", lambda line: breaches.append(line.text))
            page.goto("/start/")
            yield page
            browser.close()
        assert [line for line in breaches if "Security Policy" in line or "rror:" in line] == []

    return visiting


def fill(page: Any, number: str = "4242 4242 4242 4242", cvc: str = "123") -> None:
    page.get_by_label("Card number").fill(number)
    page.get_by_label("Expiry").fill(EXPIRY)
    page.get_by_label("Security code").fill(cvc)


def arrived(page: Any) -> dict[str, list[str]]:
    """What the form brought to its end, where it must have come to."""
    page.wait_for_url("**/end/")
    fields: dict[str, list[str]] = json.loads(page.locator("body").inner_text())
    return fields


def check(fields: dict[str, list[str]]) -> None:
    """The token arrived, once, the other fields with it, and nothing of the card."""
    assert set(fields) == {"csrfmiddlewaretoken", "quote", "action", "payment_method"}
    (token,) = fields["payment_method"]
    method = PaymentMethod.objects.get()
    assert method == queries.unused_method(token=token, owner=method.owner)


def test_with_scripts_the_form_arrives_with_the_token_and_no_card(visit: Visit) -> None:
    with visit() as page:
        fill(page)
        page.get_by_role("button", name="Place order").dblclick()
        fields = arrived(page)

    check(fields)


def test_with_scripts_a_wrong_card_is_told_beside_its_field(visit: Visit) -> None:
    with visit() as page:
        fill(page, number="4242424242424241")
        page.get_by_role("button", name="Place order").click()
        page.get_by_text("a digit is wrong").wait_for()
        assert page.evaluate("document.activeElement.name") == "card_number"
        assert page.locator("[name=payment_method]").input_value() == ""

        page.get_by_label("Card number").fill("4242424242424242")
        page.get_by_role("button", name="Place order").click()
        fields = arrived(page)

    check(fields)


def test_back_from_the_next_page_the_card_is_asked_for_again(visit: Visit) -> None:
    with visit() as page:
        fill(page)
        page.get_by_role("button", name="Place order").click()
        first = arrived(page)["payment_method"]
        page.go_back()
        fill(page)
        page.get_by_role("button", name="Place order").click()
        second = arrived(page)["payment_method"]

    assert first != second


def test_without_scripts_the_form_arrives_by_the_cards_own_page(visit: Visit) -> None:
    with visit(scripts=False) as page:
        fill(page, cvc="1")
        page.get_by_role("button", name="Place order").click()
        page.wait_for_url("**/payments/card/")
        page.get_by_text("3 digits").wait_for()

        fill(page)
        page.get_by_role("button", name="Place order").click()
        page.get_by_text("Visa ending in 4242").wait_for()
        page.get_by_role("button", name="Place order").click()
        fields = arrived(page)

    check(fields)
