"""What payments shows on other apps' pages."""

from uuid import UUID

from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from apps.payments import queries
from apps.payments.gateway import shown_test_cards
from apps.payments.models import PaymentMethod


def checkout_payment(
    request: HttpRequest, *, action: str, label: str, token: str = "", another: str = ""
) -> SafeString:
    """Inside a form that is finally posted to `action`: the card's fields and the button with
    `label`. The form arrives there with `payment_method`, a token, and never with the card. When
    `token` is one that an order could use now, that card's name and a plain button, beside a link
    to `another`, the page without the token."""
    method = _method(request, token)
    context = {
        "action": action,
        "label": label,
        "method": method,
        "token": token,
        "another": another,
        "test_cards": shown_test_cards(),
    }
    template = "payments/card_kept.html" if method else "payments/card_fields.html"
    return render_to_string(template, context, request=request)


def checkout_card(request: HttpRequest, *, token: str) -> SafeString:
    """The name of the card that the token stands for; nothing when no order could use it now."""
    if (method := _method(request, token)) is None:
        return SafeString("")
    return render_to_string("payments/card_name.html", {"method": method})


def _method(request: HttpRequest, token: str) -> PaymentMethod | None:
    owner = request.get_owner()  # type: ignore[attr-defined]
    return queries.unused_method(token=token, owner=owner) if token else None


def order_staff(request: HttpRequest, *, order_id: UUID) -> SafeString:
    """On the staff's page of an order: the way to its payment and refunds, for who may see them."""
    if not request.user.has_perm("payments.view_payment"):
        return SafeString("")
    found = f"{reverse('admin:payments_payment_changelist')}?q={order_id}"
    return format_html('<a class="button" href="{}">Payment</a> ', found)
