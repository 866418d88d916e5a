"""The way of the card without scripts: its own page, between the form and where that is going."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_POST

from apps.payments import calls
from apps.payments.forms import CardForm
from apps.payments.gateway import CardRefused, GatewayUnavailable, shown_test_cards

OURS = {
    "csrfmiddlewaretoken",
    "payment_method",
    "payment_action",
    "payment_label",
    *CardForm.base_fields,
}
NO_OWNER = "We cannot tell whose cart this is. Open your cart and check out again."
GATEWAY_DOWN = "Cards cannot be taken at the moment. Please try again."


@never_cache
@sensitive_post_parameters("card_number", "card_expiry", "card_cvc")
@sensitive_variables("form")
@require_POST
def card(request: HttpRequest) -> HttpResponse:
    """Turn the card of a posted form into a token and hand all other fields on, as hidden ones,
    to the form's local `payment_action`; or show what is wrong with the card."""
    action = request.POST.get("payment_action", "")
    if not _is_local(action):
        return HttpResponse(
            "The form has no place to go to.", status=400, content_type="text/plain"
        )
    form = CardForm(request.POST)
    method = _tokenise(request, form) if form.is_valid() else None
    context = {
        "action": action,
        "label": request.POST.get("payment_label") or "Continue",
        "passed": _passed(request),
        "method": method,
        "token": method and method.token,
        "errors": form.errors,
        "form_error": "".join(form.non_field_errors()),
        "expiry": form.cleaned_data.get("card_expiry", ""),
        "test_cards": shown_test_cards(),
    }
    return render(request, "payments/card.html", context, status=200 if method else 400)


@sensitive_variables("form")
def _tokenise(request: HttpRequest, form: CardForm) -> Any:
    owner = request.get_owner()  # type: ignore[attr-defined]
    if owner is None:
        form.add_error(None, NO_OWNER)
        return None
    try:
        return calls.tokenise(owner=owner, card=form.card())
    except CardRefused as refused:
        form.add_error("card_number", str(refused))
    except GatewayUnavailable:
        form.add_error(None, GATEWAY_DOWN)
    return None


def _passed(request: HttpRequest) -> list[tuple[str, str]]:
    """What is not ours, in the order it came."""
    fields = [(name, values) for name, values in request.POST.lists() if name not in OURS]
    return [(name, value) for name, values in fields for value in values]


def _is_local(path: str) -> bool:
    """A path on this site: the card's token goes nowhere else."""
    return path.startswith("/") and url_has_allowed_host_and_scheme(path, allowed_hosts=None)
