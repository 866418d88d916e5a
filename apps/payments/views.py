"""The way of the card without scripts: its own page, between the form and where that is going;
and the page that the bank would show for 3-D Secure, played by the mock gateway."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST

from apps.payments import calls, queries
from apps.payments.forms import CardForm
from apps.payments.gateway import (
    CardRefused,
    GatewayUnavailable,
    challenges,
    shown_test_cards,
)

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
        "form_errors": form.non_field_errors(),
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


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def challenge(request: HttpRequest, challenge_id: str) -> HttpResponse:
    """The bank's question, open to whoever has its unguessable id. Answered, once and in time or
    not, it leads back to the order's page, which tells how it goes on."""
    shown = challenges.find(challenge_id)
    payment = queries.payment_of_challenge(challenge_id)
    if shown is None or payment is None:
        raise Http404
    back = payment.order_path if _is_local(payment.order_path) else "/"
    answer = request.POST.get("answer")
    if answer in ("approve", "deny"):
        challenges.answer(challenge_id, approve=answer == "approve")
        return HttpResponseRedirect(back)
    status = 400 if request.method == "POST" else 200
    context = {"challenge": shown, "back": back}
    return render(request, "payments/challenge.html", context, status=status)


def _passed(request: HttpRequest) -> list[tuple[str, str]]:
    """What is not ours, in the order it came."""
    fields = [(name, values) for name, values in request.POST.lists() if name not in OURS]
    return [(name, value) for name, values in fields for value in values]


def _is_local(path: str) -> bool:
    """A path on this site: the card's token goes nowhere else."""
    return path.startswith("/") and url_has_allowed_host_and_scheme(path, allowed_hosts=None)
