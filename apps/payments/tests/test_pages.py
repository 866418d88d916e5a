"""The card inside other apps' forms, and its own page without scripts."""

from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.contrib.admin.sites import site
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from django.template import Context, Template
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import timezone

from apps.payments import queries
from apps.payments.gateway import GatewayUnavailable, gateway
from apps.payments.models import GatewayCard, PaymentMethod
from apps.payments.slots import checkout_card, checkout_payment
from apps.payments.tests.factories import payment, say_created, say_reserved, token_for
from eventbus.testing import drain

pytestmark = pytest.mark.django_db
URL = "/payments/card/"
OWNER = f"cart:{sha256(b'the-carts-secret').hexdigest()}"
FORM = {
    "csrfmiddlewaretoken": "x",
    "quote": "signed",
    "name": 'Ada "<b>" Lovelace',
    "tag": ["one", "two"],
    "payment_method": "",
    "payment_action": "/orders/place/",
    "payment_label": "Place order",
    "card_number": "4242 4242 4242 4242",
    "card_expiry": f"12/{(datetime.now(UTC).year + 2) % 100}",
    "card_cvc": "987",
}


@pytest.fixture
def shopper(client: Client) -> Client:
    client.cookies["cart_token"] = "the-carts-secret"
    return client


def hidden(page: Any) -> list[tuple[str, str]]:
    """The fields that the page hands on."""
    return [*page.context["passed"]]


def test_the_page_hands_on_all_but_the_card(shopper: Client) -> None:
    page = shopper.post(URL, FORM)

    assert page.status_code == 200
    assert hidden(page) == [
        ("quote", "signed"),
        ("name", 'Ada "<b>" Lovelace'),
        ("tag", "one"),
        ("tag", "two"),
    ]
    assert 'action="/orders/place/"' in page.text
    assert "<b>" not in page.text
    assert "Visa ending in <strong>4242</strong>" in page.text
    assert not any(secret in page.text for secret in ["4242 4242", "424242", '"987"', "card_"])
    assert "no-store" in page["Cache-Control"]
    method = PaymentMethod.objects.get()
    assert method.owner == OWNER
    token = page.context["token"]
    assert f'name="payment_method" value="{token}"' in page.text
    assert queries.unused_method(token=token, owner=OWNER) == method


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"card_number": "4242424242424241"}, "a digit is wrong"),
        ({"card_number": "4111111111111111"}, "not a test card"),
        ({"card_number": ""}, "This field is required"),
        ({"card_expiry": "12/20"}, "has expired"),
        ({"card_expiry": "tomorrow"}, "as it is on the card"),
        ({"card_cvc": "1"}, "3 digits"),
    ],
)
def test_a_wrong_card_is_asked_for_again_and_not_repeated(
    shopper: Client, changes: dict[str, str], problem: str
) -> None:
    page = shopper.post(URL, FORM | changes)

    assert page.status_code == 400
    assert problem in page.text
    assert 'aria-invalid="true"' in page.text
    assert not any(secret in page.text for secret in ["4242 4242", '4242424242424241"', '"987"'])
    assert ("quote", "signed") in hidden(page)
    assert 'name="payment_action" value="/orders/place/"' in page.text
    assert (PaymentMethod.objects.count(), GatewayCard.objects.count()) == (0, 0)


@pytest.mark.parametrize(
    "action",
    [
        "",
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example/",
        "javascript:alert(1)",
        "x",
    ],
)
def test_the_token_goes_to_this_site_only(shopper: Client, action: str) -> None:
    page = shopper.post(URL, FORM | {"payment_action": action})

    assert page.status_code == 400
    assert "evil" not in page.text
    assert PaymentMethod.objects.count() == 0


def test_without_an_owner_the_page_says_what_to_do(client: Client) -> None:
    page = client.post(URL, FORM)

    assert page.status_code == 400
    assert "Open your cart and check out again" in page.text
    assert (PaymentMethod.objects.count(), GatewayCard.objects.count()) == (0, 0)


def test_a_silent_gateway_is_told_kindly(shopper: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def silent(card: object) -> None:
        raise GatewayUnavailable

    monkeypatch.setattr(gateway, "store", silent)

    page = shopper.post(URL, FORM)

    assert page.status_code == 400
    assert "Please try again" in page.text


def test_the_page_is_posted_to_only_and_safe_from_forgery(shopper: Client) -> None:
    strict = Client(enforce_csrf_checks=True)

    assert shopper.get(URL).status_code == 405
    assert strict.post(URL, FORM).status_code == 403


# The slot ---------------------------------------------------------------------------------------


def request() -> HttpRequest:
    made = RequestFactory().get("/")
    made.get_owner = lambda: OWNER
    return made


def test_the_slot_shows_the_cards_fields_and_the_button() -> None:
    html = checkout_payment(request(), action="/orders/place/", label="Place <order>")

    for autocomplete in ["cc-number", "cc-exp", "cc-csc"]:
        assert f'autocomplete="{autocomplete}"' in html
    assert html.count('inputmode="numeric"') == 3
    assert 'formaction="/payments/card/"' in html
    assert 'data-card-action="/orders/place/"' in html
    assert "Place &lt;order&gt;" in html
    assert "style=" not in html
    assert "onsubmit" not in html
    assert '<script src="/static/payments/card.js" defer></script>' in html


def test_test_cards_are_listed_where_people_try_the_shop_out(settings: Any) -> None:
    settings.MAILBOX_PAGE = True
    assert "4000000000009995" in checkout_payment(request(), action="/", label="Pay")

    settings.MAILBOX_PAGE = False
    assert "4000000000009995" not in checkout_payment(request(), action="/", label="Pay")


def test_a_form_that_has_a_token_needs_no_card() -> None:
    token = token_for(owner=OWNER)

    html = checkout_payment(
        request(), action="/orders/place/", label="Continue", token=token, another="/else/?a=1"
    )

    assert "Visa ending in <strong>4242</strong>" in html
    assert f'value="{token}"' in html
    assert 'formaction="/orders/place/"' in html
    assert '<a href="/else/?a=1">use another card</a>' in html
    assert "card_number" not in html
    assert "Visa ending in <strong>4242</strong>" in checkout_card(request(), token=token)


@pytest.mark.parametrize("lost", ["spent", "expired", "another's", "unknown"])
def test_a_token_that_no_order_could_use_asks_for_the_card(lost: str) -> None:
    token = token_for(owner="user:2" if lost == "another's" else OWNER)
    if lost == "spent":
        order = "01900000-0000-7000-8000-000000000000"
        PaymentMethod.objects.update(used_by_order=order)
    if lost == "expired":
        PaymentMethod.objects.update(expires_at=timezone.now())
    token = "pm_none" if lost == "unknown" else token

    html = checkout_payment(request(), action="/", label="Pay", token=token, another="/else/")

    assert "card_number" in html
    assert token not in html
    assert "/else/" not in html
    assert checkout_card(request(), token=token) == ""


def test_the_script_is_small() -> None:
    script = Path(__file__).parent.parent / "static" / "payments" / "card.js"

    assert script.stat().st_size < 3 * 1024


# The admin --------------------------------------------------------------------------------------


def test_staff_see_everything_and_change_nothing(client: Client, order_id: Any) -> None:
    users = get_user_model().objects
    client.force_login(
        users.create(
            **{get_user_model().USERNAME_FIELD: "staff@example.com"},
            is_staff=True,
            is_superuser=True,
        )
    )
    say_created(order_id, token_for())
    say_reserved(order_id)
    drain()

    for model in [each for each in site._registry if each._meta.app_label == "payments"]:
        name = f"admin:payments_{model._meta.model_name}"
        assert client.get(reverse(f"{name}_changelist")).status_code == 200
        assert client.get(reverse(f"{name}_add")).status_code == 403
    page = client.get(reverse("admin:payments_payment_change", args=[payment(order_id).pk]))
    assert page.status_code == 200
    assert 'name="_save"' not in page.text
    assert client.get(reverse("admin:payments_payment_changelist") + "?q=x").status_code == 200


def test_the_staffs_page_of_an_order_leads_to_its_payment(order_id: UUID) -> None:
    request = RequestFactory().get("/")
    request.user = get_user_model()(is_staff=True, is_superuser=True)
    context = Context({"request": request, "order_id": order_id})
    link = Template('{% slot "order.staff" order_id=order_id %}')
    assert f'href="/admin/payments/payment/?q={order_id}"' in link.render(context)
    request.user = AnonymousUser()
    assert link.render(context) == ""
