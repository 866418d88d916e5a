"""What mails say, word for word: snapshots/, one file for the text and one for the HTML.

A mail that is meant to say something else: `WRITE_SNAPSHOTS=1 uv run pytest` this file, and look
at what changed there.
"""

import os
import re
from functools import partial
from html import unescape
from pathlib import Path

import pytest
from django.core import mail

from apps.notifications.models import Notification
from apps.notifications.tests.factories import (
    back_in_stock,
    low_stock,
    place,
    refund,
    refund_failed,
    tell,
    tell_of_account,
)
from eventbus.testing import drain

pytestmark = pytest.mark.django_db
SNAPSHOTS = Path(__file__).parent / "snapshots"
MISSING = [
    {"sku": "TEA-1", "title": "Tea & Co", "wanted": 3, "available": 1},
    {"sku": "CUP-1", "title": "Cup", "wanted": 1, "available": 0},
]


def happens(name, placed=None, **change):
    tell(name, place(**(placed or {})), **change)


def half_refunded():
    order_id = place()
    refund(order_id, "10.00", "10.00")
    drain()
    mail.outbox.clear()
    refund(order_id, "5.00", "15.00")


def kept():
    order_id = place()
    drain()
    refund_failed(order_id)


CASES = {
    "order_confirmed": partial(happens, "orders.confirmed"),
    "order_confirmed_coupon": partial(
        happens, "orders.confirmed", {"discount": "5.00", "coupon": "SPRING", "total": "34.40"}
    ),
    "order_failed": partial(happens, "orders.failed"),
    "order_failed_sold_out": partial(
        happens, "orders.failed", reason="out_of_stock", decline_code=None, missing=MISSING
    ),
    "order_cancelled": partial(happens, "orders.cancelled", reason="changed my mind"),
    "order_cancelled_late": partial(happens, "orders.cancelled", by="timeout"),
    "order_cancelled_staff": partial(happens, "orders.cancelled", by="staff"),
    "order_cancelled_why": partial(
        happens, "orders.cancelled", by="staff", reason="the last one broke & fell"
    ),
    "order_shipped": partial(happens, "orders.shipped"),
    "order_delivered": partial(happens, "orders.delivered"),
    "payment_refunded": lambda: refund(place(), "39.40", "39.40"),
    "payment_refunded_half": half_refunded,
    "email_verification": partial(tell_of_account, "users.verification_requested"),
    "email_changed": partial(tell_of_account, "users.email_changed"),
    "password_reset": partial(tell_of_account, "users.password_reset_requested"),
    "password_changed": partial(tell_of_account, "users.password_changed"),
    "back_in_stock": back_in_stock,
    "low_stock": low_stock,
    "low_stock_none": partial(low_stock, "CUP <1>", 0),
    "refund_failed": kept,
}


def only_mail():
    drain()
    (message,) = mail.outbox
    ((html, kind),) = message.alternatives
    assert kind == "text/html"
    head = f"To: {message.to[0]}\nSubject: {message.subject}\n\n"
    return without_signature(head + message.body), without_signature(html)


def without_signature(text):
    """It is made with the secret key, which is nobody's to commit."""
    return re.sub(r"(/notifications/stop/)[\w:-]+", r"\1SIGNED", text)


@pytest.mark.parametrize("case", CASES)
def test_a_mail_says_exactly_this(case):
    CASES[case]()
    for said, suffix in zip(only_mail(), ("txt", "html"), strict=True):
        file = SNAPSHOTS / f"{case}.{suffix}"
        if os.environ.get("WRITE_SNAPSHOTS"):
            file.write_text(said)
        assert said == file.read_text()


def test_every_kind_has_its_mail_and_every_file_its_case():
    assert {case for case in CASES if case in Notification.Kind} == set(Notification.Kind)
    assert {file.stem for file in SNAPSHOTS.iterdir()} == set(CASES)


def words(text):
    return sorted(re.findall(r"\w+", text))


@pytest.mark.parametrize("case", CASES)
def test_both_parts_say_the_same(case):
    text = (SNAPSHOTS / f"{case}.txt").read_text().split("\n\n", 1)[1]
    html = (SNAPSHOTS / f"{case}.html").read_text().partition("<body")[2].partition(">")[2]
    hidden = set(re.findall(r'href="(.+?)"', html))
    shown = unescape(re.sub(r"<[^>]+>", " ", html))
    for url in sorted(hidden, key=len, reverse=True):
        assert unescape(url) in text
        text = text.replace(unescape(url), "")

    assert set(words(text)) - set(words(shown)) == set()
    assert set(words(shown)) - set(words(text)) - {"stop", "them"} == set()


@pytest.mark.parametrize("file", sorted(SNAPSHOTS.glob("*.html")), ids=lambda file: file.stem)
def test_the_html_is_legible_in_the_dark_and_loads_nothing(file):
    """A colour of text comes with its ground, or the reader's program chooses both."""
    html = file.read_text()

    assert '<meta name="color-scheme" content="light dark">' in html
    for style in re.findall(r'style="(.+?)"', html):
        assert bool(re.search(r"(^|[; ])color:", style)) == ("background-color:" in style)
    assert not re.search(r"<(img|link|script|style|iframe)|url\(|@import", html)
    assert "{" not in html


def test_what_people_typed_cannot_break_out_of_the_mail(settings):
    settings.SHOP_NAME = "A & <b>"
    happens("orders.confirmed", {"number": "HP\r\nBcc: x@example.com", "coupon": "<i>"})

    text, html = only_mail()

    assert text.startswith("To: ada@example.com\nSubject: Order HP Bcc: x@example.com is confirmed")
    assert "<b>" not in html
    assert "<i>" not in html
