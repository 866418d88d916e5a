"""The checkout: one address a step, each of which can be loaded, left and come back to."""

from collections.abc import Callable
from dataclasses import replace
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from apps.orders import queries
from apps.orders.access import owner_of
from apps.orders.drafts import (
    STEPS,
    Contact,
    Draft,
    Progress,
    Step,
    fields_of,
    keep,
    progress_of,
    with_quote,
)
from apps.orders.forms import ContactForm, PaymentForm
from apps.orders.models import Order
from apps.orders.quotes import read_quote
from apps.orders.refusals import PriceChanged, QuoteExpired, Refusal
from apps.orders.views.entering import kept_private, see, to_order

STALE: dict[type[Refusal], str] = {
    QuoteExpired: "We keep prices for a while, and that time is over: here they are as of now.",
    PriceChanged: "A price has changed since you began.",
}
StepView = Callable[[HttpRequest, Progress], HttpResponse]


@kept_private
@require_http_methods(["GET", "HEAD", "POST"])
def checkout(request: HttpRequest) -> HttpResponse:
    """Where a quote begins a checkout, or goes on with the one that is under way: what was typed
    stays. On to the first step that is not done, or to the order that the quote has made."""
    progress = progress_of(request)
    if not (quote := request.POST.get("quote")):
        return to_step(progress.missing) if progress.begun else ended(request, progress)
    try:
        offer = read_quote(quote, owner=owner_of(request))
        if used := queries.order_of_quote(offer):
            return to_order(used.pk)
        queries.ensure_no_live_order(offer.cart_id)
    except Refusal as refusal:
        return refused(request, refusal)
    contact = progress.draft.contact or _sent_along(request)
    agreed = contact is not None and contact.country == offer.country
    return _keep(request, replace(with_quote(progress, quote, agreed=agreed), contact=contact))


def step(name: Step) -> Callable[[StepView], Callable[[HttpRequest], HttpResponse]]:
    """A step's page. Opened too early it leads to the first that is not done; what is posted to it
    is kept even so. When the quote has made its order, each leads there."""

    def decorate(view: StepView) -> Callable[[HttpRequest], HttpResponse]:
        @kept_private
        @wraps(view)
        def page(request: HttpRequest) -> HttpResponse:
            progress = progress_of(request)
            if progress.used:
                return ordered(request, progress.used)
            if not progress.begun:
                return ended(request, progress)
            if request.method != "POST" and not progress.may_see(name):
                return to_step(progress.missing)
            return view(request, progress)

        return page

    return decorate


@require_http_methods(["GET", "HEAD", "POST"])
@step("address")
def address(request: HttpRequest, progress: Progress) -> HttpResponse:
    """Who orders and where to; also posted by the addresses that somebody has saved."""
    known = _known(request, progress)
    if request.method != "POST":
        return step_page(request, progress, "address", form=ContactForm(initial=known))
    form = ContactForm({"email": known.get("email", "")} | request.POST.dict())
    if form.is_valid():
        return _keep(request, replace(progress.draft, contact=Contact(**form.cleaned_data)))
    form.lead_to_error()
    return step_page(request, progress, "address", form=form, status=422)


@require_http_methods(["GET", "HEAD", "POST"])
@step("shipping")
def shipping(request: HttpRequest, progress: Progress) -> HttpResponse:
    """How it is sent: the choice of a quote among those that the cart has just made."""
    if request.method != "POST":
        return _ways(request, progress, stale=_stale(progress))
    quote = request.POST.get("quote", "")
    try:
        read_quote(quote, owner=owner_of(request))
    except Refusal:
        return _ways(request, progress, unchosen=True, status=422)
    return _keep(request, with_quote(progress, quote, agreed=True))


@require_http_methods(["GET", "HEAD", "POST"])
@step("payment")
def payment(request: HttpRequest, progress: Progress) -> HttpResponse:
    """The card, of which only payments' token comes here; `?another=1` asks for one anew."""
    form = PaymentForm(request.POST)
    if request.method != "POST":
        token = "" if "another" in request.GET else progress.draft.payment_method
        return step_page(request, progress, "payment", token=token)
    if form.is_valid():
        return _keep(request, replace(progress.draft, **form.cleaned_data))
    return step_page(request, progress, "payment", form=form, status=422)


@require_safe
@step("review")
def review(request: HttpRequest, progress: Progress) -> HttpResponse:
    """All of it once more, and the one button that orders."""
    return step_page(request, progress, "review")


def step_page(
    request: HttpRequest, progress: Progress, name: Step, *, status: int = 200, **more: Any
) -> HttpResponse:
    """The page of a step, with the way through all of them."""
    steps = [
        {
            "label": label,
            "url": reverse(f"orders:{each}") if progress.may_see(each) else "",
            "current": each == name,
            "done": progress.has_done(each),
        }
        for each, label in STEPS.items()
    ]
    context = {"progress": progress, "draft": progress.draft, "offer": progress.offer}
    context |= {"steps": steps, "number": list(STEPS).index(name) + 1}
    return render(request, f"orders/checkout_{name}.html", context | more, status=status)


def ended(request: HttpRequest, progress: Progress) -> HttpResponse:
    """Without a checkout under way: the order that the last one became, or how to begin one."""
    if progress.draft.placed:
        return see(progress.draft.placed)
    return render(request, "orders/checkout_start.html")


def ordered(request: HttpRequest, order: Order) -> HttpResponse:
    """The checkout has become this order: on to its page, and nothing that was typed is kept."""
    keep(request, Draft(placed=order.pk))
    return to_order(order.pk)


def refused(request: HttpRequest, refusal: Refusal) -> HttpResponse:
    """Why nothing was ordered, and where to go from there."""
    return render(request, "orders/refused.html", {"refusal": refusal}, status=409)


def to_step(name: Step) -> HttpResponse:
    """On to a step's page."""
    return HttpResponseRedirect(reverse(f"orders:{name}"), status=303)


def _keep(request: HttpRequest, draft: Draft) -> HttpResponse:
    """Keep the draft and go on to what it still lacks."""
    keep(request, draft)
    return to_step(progress_of(request).missing)


def _ways(
    request: HttpRequest, progress: Progress, *, status: int = 200, **more: Any
) -> HttpResponse:
    """The ways of delivery to the address; without one, on to that."""
    if (contact := progress.draft.contact) is None:
        return to_step("address")
    method = progress.offer.shipping_method if progress.offer else ""
    more |= {"country": contact.country, "method": method}
    return step_page(request, progress, "shipping", status=status, **more)


def _stale(progress: Progress) -> str:
    """Why there is a choice to be made anew, if there is."""
    if progress.refusal is None:
        return ""
    return STALE.get(type(progress.refusal), "Your cart is not as it was when you began.")


def _known(request: HttpRequest, progress: Progress) -> dict[str, str]:
    """What the shopper need not type again."""
    known = {"country": progress.offer.country} if progress.offer else {}
    if request.user.is_authenticated:
        email, name = request.user.email, request.user.get_full_name()
        known |= {"email": email, "name": "" if name == email else name}
    return known | fields_of(progress.draft.contact)


def _sent_along(request: HttpRequest) -> Contact | None:
    """The address that came with the quote, of somebody signed in, if it is good."""
    if not request.user.is_authenticated:
        return None
    form = ContactForm({"email": request.user.email} | request.POST.dict())
    return Contact(**form.cleaned_data) if form.is_valid() else None
