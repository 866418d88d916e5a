"""What payments shows on other apps' pages."""

from uuid import UUID

from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from apps.payments import queries
from apps.payments.gateway import shown_test_cards


def checkout_payment(request: HttpRequest, *, action: str, label: str) -> SafeString:
    """Inside a form that is finally posted to `action`: the card's fields and the button with
    `label`. The form arrives there with `payment_method`, a token, and never with the card. When
    it carries a usable token already, that card's name and a plain button."""
    token = request.POST.get("payment_method", "")
    owner = request.get_owner()  # type: ignore[attr-defined]
    method = queries.unused_method(token=token, owner=owner) if token else None
    context = {"action": action, "label": label, "method": method, "token": token}
    template = "payments/card_kept.html" if method else "payments/card_fields.html"
    return render_to_string(template, context | {"test_cards": shown_test_cards()}, request=request)


def order_staff(request: HttpRequest, *, order_id: UUID) -> SafeString:
    """On the staff's page of an order: the way to its payment and refunds, for who may see them."""
    if not request.user.has_perm("payments.view_payment"):
        return SafeString("")
    found = f"{reverse('admin:payments_payment_changelist')}?q={order_id}"
    return format_html('<a class="button" href="{}">Payment</a> ', found)
