import pytest
from django.core import mail

from apps.notifications.tests.factories import URL, place, refund, tell
from eventbus.testing import drain

pytestmark = pytest.mark.django_db


def only_mail():
    drain()
    (message,) = mail.outbox
    ((html, kind),) = message.alternatives
    assert kind == "text/html"
    assert "style" not in html
    assert f'<a href="{URL}">' in html
    assert message.body.endswith("\n-- \nHarbour & Pine\nhttp://127.0.0.1:8080\n")
    assert "{" not in message.body + html
    return message.body, html


def test_the_confirmation_lists_what_was_bought_and_paid():
    tell("orders.confirmed", place(discount="5.00"))

    text, html = only_mail()

    assert text == (
        "Thank you, your order is confirmed.\n"
        "\n"
        "Order HP-4711 is paid and its articles are set aside for you."
        " We write again when it is on its way.\n"
        "\n"
        "3 × Tea & Co: €25.50\n"  # 3 * 8.50
        "1 × Cup: €9.00\n"
        "Discount: −€5.00\n"
        "Shipping: €4.90\n"
        "Total: €39.40 (tax of €6.29 included)\n"
        "\n"
        f"See your order: {URL}\n"
        "\n"
        "-- \nHarbour & Pine\nhttp://127.0.0.1:8080\n"
    )
    assert (
        '<tr><td>Tea &amp; Co</td><td align="right">3</td><td align="right">€25.50</td></tr>'
        in html
    )
    assert "<strong>€39.40</strong>" in html


def test_without_a_discount_none_is_mentioned():
    tell("orders.confirmed", place())

    text, html = only_mail()

    assert "Discount" not in text + html


def test_a_declined_payment_says_why_and_where_to_pay_again():
    tell("orders.failed", place())

    text, html = only_mail()

    assert (
        "The payment for order HP-4711 did not go through: Your card has insufficient funds.\n"
        "\n"
        "Nothing was charged, the articles are not held for you any more,"
        " and your cart is as it was.\n"
        "\n"
        f"Pay again, with this card or another: {URL}\n"
    ) in text
    assert f'<a href="{URL}">Pay again, with this card or another</a>' in html


def test_short_stock_names_the_articles():
    missing = [
        {"sku": "TEA-1", "title": "Tea & Co", "wanted": 3, "available": 1},
        {"sku": "CUP-1", "title": "Cup", "wanted": 1, "available": 0},
    ]
    tell(
        "orders.failed",
        place(),
        reason="out_of_stock",
        message="Too little is left.",
        decline_code=None,
        missing=missing,
    )

    text, html = only_mail()

    assert (
        "Too little is left of what you wanted in order HP-4711:\n"
        "- Tea & Co: you wanted 3, 1 left\n"
        "- Cup: you wanted 1, none left\n"
        "\n"
        "Nothing was charged"
    ) in text
    assert "<li>Tea &amp; Co: you wanted 3, 1 left</li>" in html
    assert f"See your order: {URL}" in text


@pytest.mark.parametrize(
    ("by", "reason", "sentence"),
    [
        ("customer", "changed my mind", "You cancelled order HP-4711."),
        ("timeout", "", "Order HP-4711 was not paid in time, so we cancelled it."),
        ("staff", "", "We had to cancel order HP-4711."),
        ("staff", "the last one broke & fell", "We had to cancel order HP-4711: the last one"),
    ],
)
def test_a_cancellation_says_who_did_it(by, reason, sentence):
    tell("orders.cancelled", place(), by=by, reason=reason)

    text, html = only_mail()

    assert f"\n\n{sentence}" in text
    assert f"<p>{sentence}" in html
    assert ("broke & fell" in text) == ("broke &amp; fell" in html) == ("broke" in reason)


def test_shipping_gives_the_tracking_number():
    tell("orders.shipped", place())

    text, html = only_mail()

    assert "HP-4711 left our house with DHL. Its tracking number is JD0146.\n" in text
    assert "3 × Tea & Co\n1 × Cup\n" in text
    assert "<strong>JD0146</strong>" in html


def test_refunds_say_how_much_went_back_so_far():
    order_id = place()
    refund(order_id, "10.00", "10.00")
    refund(order_id, "29.40", "39.40")
    drain()

    first, second = sorted((m.body for m in mail.outbox), key=len)
    assert "We refunded €10.00 for order HP-4711" in first
    assert "so far" not in first
    assert "We refunded €29.40 for order HP-4711" in second
    assert "Refunded so far: €39.40 of €39.40." in second
