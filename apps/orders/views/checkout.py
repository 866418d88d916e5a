"""The checkout: the summary of a quote, the one form to fill in, and placing the order."""

from collections.abc import Mapping
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from apps.orders import operations, queries
from apps.orders.access import owner_of
from apps.orders.countries import name_of
from apps.orders.forms import CheckoutForm, PaymentForm
from apps.orders.operations import Address, Placed
from apps.orders.quotes import Offer, read_quote
from apps.orders.refusals import Refusal
from apps.orders.views.entering import to_order
from apps.orders.wording import amount

# Characters of a quote that fit into an address whatever proxies lie between (8 KB): some hundred
# articles. With more, no saved address can be chosen.
SHORT_QUOTE = 6_000


def checkout(request: HttpRequest) -> HttpResponse:
    """The summary of a quote with the one form to fill in; changes nothing. With `prefill`, the
    form has the address that was chosen."""
    quote = request.POST.get("quote") or request.GET.get("quote")
    if not quote:
        return _no_quote(request)
    try:
        offer = read_quote(quote, owner=owner_of(request))
        if used := queries.order_of_quote(offer):
            return to_order(used.pk)
        queries.ensure_no_live_order(offer.cart_id)
        queries.ensure_current(offer)
    except Refusal as refusal:
        return _refused(request, refusal)
    return _checkout_page(request, quote=quote, offer=offer, form=_form(request, offer))


def place(request: HttpRequest) -> HttpResponse:
    """Place the order and go to its page; a second time it goes to the same page."""
    quote = request.POST.get("quote")
    if not quote:
        return _no_quote(request)
    form, payment = CheckoutForm(request.POST), PaymentForm(request.POST)
    try:
        offer = read_quote(quote, owner=owner_of(request))
        if not (form.is_valid() and payment.is_valid()):
            return _checkout_page(
                request, quote=quote, offer=offer, form=form, payment=payment, status=422
            )
        placed = _place(quote, offer, form.cleaned_data | payment.cleaned_data)
    except Refusal as refusal:
        return _refused(request, refusal)
    return to_order(placed.order.pk)


def _place(quote: str, offer: Offer, fields: Mapping[str, str]) -> Placed:
    parts = {name: fields[name] for name in ("name", "line1", "line2", "city", "postcode")}
    return operations.place_order(
        quote=quote,
        owner=offer.owner,
        email=fields["email"],
        address=Address(**parts, country=offer.country),
        payment_method=fields["payment_method"],
    )


def _form(request: HttpRequest, offer: Offer) -> CheckoutForm:
    known = _known(request)
    if "prefill" in request.POST:
        return _prefilled(known | request.POST.dict(), offer)
    filled = "name" in request.POST  # it comes back from the payment step
    return CheckoutForm(request.POST if filled else None, initial=known)


def _prefilled(fields: Mapping[str, str], offer: Offer) -> CheckoutForm:
    """The form with a saved address, and with what is wrong about it."""
    form = CheckoutForm(fields)
    if (country := fields.get("country", "")) != offer.country:
        form.add_error(
            None,
            f"This address is in {name_of(country) or 'no country'}, but tax and shipping were computed"
            f" for {offer.country_name}. Choose the country in your cart, or another address.",
        )
    # Nobody has been asked for the e-mail yet.
    return form if set(form.errors) - {"email"} else CheckoutForm(initial=dict(fields))


def _checkout_page(
    request: HttpRequest,
    *,
    quote: str,
    offer: Offer,
    form: CheckoutForm,
    payment: PaymentForm | None = None,
    status: int = 200,
) -> HttpResponse:
    here = f"{reverse('orders:checkout')}?{urlencode({'quote': quote})}"
    context = {
        "quote": quote,
        "offer": offer,
        "form": form,
        "payment": payment,
        "prefill_url": here if len(quote) <= SHORT_QUOTE else "",
        "label": f"Place order · {amount(offer.total, offer.currency)}",
    }
    return render(request, "orders/checkout.html", context, status=status)


def _known(request: HttpRequest) -> dict[str, str]:
    """What a signed-in shopper need not type again."""
    if not request.user.is_authenticated:
        return {}
    return {"email": request.user.email, "name": request.user.get_full_name()}


def _no_quote(request: HttpRequest) -> HttpResponse:
    messages.info(request, "Please start the checkout from your cart.")
    return redirect("/")


def _refused(request: HttpRequest, refusal: Refusal) -> HttpResponse:
    return render(request, "orders/refused.html", {"refusal": refusal}, status=409)
