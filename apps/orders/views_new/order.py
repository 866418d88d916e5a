"""The pages of orders: checkout, one order and its live timeline, my orders."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from apps.orders import operations, queries
from apps.orders.access import access_token, is_access_token, owner_of
from apps.orders.forms import CheckoutForm, PaymentForm
from apps.orders.models import Order
from apps.orders.operations import Address, Placed
from apps.orders.quotes import Offer, read_quote
from apps.orders.refusals import CartBeingOrdered, NotRetryable, Refusal
from apps.orders.wording import amount, timeline_of

COOKIE_AGE = 30 * 24 * 3600  # seconds: as long as a guest may come back to the order
STATUS_WORDS = {
    Order.Status.PENDING: "We are working on your order.",
    Order.Status.CONFIRMED: "Thank you! Your order is confirmed.",
    Order.Status.SHIPPED: "Your order is on its way.",
    Order.Status.DELIVERED: "Your order was delivered.",
    Order.Status.FAILED: "Your order was not completed.",
    Order.Status.CANCELLED: "Your order is cancelled.",
}


def checkout(request: HttpRequest) -> HttpResponse:
    """The summary of a quote with the one form to fill in; changes nothing."""
    quote = request.POST.get("quote")
    if not quote:
        return _no_quote(request)
    try:
        offer = read_quote(quote, owner=owner_of(request))
        if used := queries.order_of_quote(offer):
            return _to_order(used)
        queries.ensure_current(offer)
    except Refusal as refusal:
        return _refused(request, refusal)
    filled = "name" in request.POST  # it comes back from the payment step
    form = CheckoutForm(request.POST if filled else None, initial=_known(request))
    return _checkout_page(request, quote=quote, offer=offer, form=form)


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
    return _to_order(placed.order)


def _place(quote: str, offer: Offer, fields: Mapping[str, str]) -> Placed:
    parts = {name: fields[name] for name in ("name", "line1", "line2", "city", "postcode")}
    return operations.place_order(
        quote=quote,
        owner=offer.owner,
        email=fields["email"],
        address=Address(**parts, country=offer.country),
        payment_method=fields["payment_method"],
    )


@never_cache
@require_GET
def detail(request: HttpRequest, order_id: UUID) -> HttpResponse:
    """The order's page; a token in the address becomes a cookie at once."""
    if "token" in request.GET:
        return _exchange(order_id, request.GET["token"])
    order = _order(request, order_id)
    return render(request, "orders/detail.html", _order_context(order))


@never_cache
@require_GET
def timeline(request: HttpRequest, order_id: UUID) -> HttpResponse:
    """The live part of the order's page; 204 while there is nothing new since `seen`, so that a
    screen reader hears each step once."""
    order = _order(request, order_id)
    context = _order_context(order)
    seen = request.GET.get("seen", "")
    if seen == context["seen"]:
        return HttpResponse(status=204)
    response = render(request, "orders/timeline.html", context)
    response["HX-Trigger"] = "news"  # what the cart holds may have changed with it
    if seen.startswith("PENDING") and order.status in queries.ENDED_WITHOUT_SALE:
        response["HX-Refresh"] = "true"  # the page around offers other things now
    return response


@require_POST
def cancel(request: HttpRequest, order_id: UUID) -> HttpResponse:
    """Cancel the order, if it is not too late."""
    order = _order(request, order_id)
    if operations.cancel_order(order_id=order.pk, by="customer"):
        messages.success(request, "Your order is cancelled.")
    else:
        messages.error(request, "This order can no longer be cancelled.")
    return _see(order.pk)


def retry(request: HttpRequest, order_id: UUID) -> HttpResponse:
    """Pay a failed order again, as a new order; a GET (back from a card page) shows the order."""
    order = _order(request, order_id)
    payment = PaymentForm(request.POST)
    if request.method != "POST":
        return _see(order.pk)
    if not payment.is_valid():
        return render(
            request, "orders/detail.html", _order_context(order) | {"payment": payment}, status=422
        )
    try:
        placed = operations.retry_order(
            order_id=order.pk, owner=owner_of(request), **payment.cleaned_data
        )
    except (NotRetryable, CartBeingOrdered) as refusal:
        messages.error(request, str(refusal))
        return _see(order.pk)
    return _to_order(placed.order)


@login_required
@require_GET
def mine(request: HttpRequest) -> HttpResponse:
    """The signed-in shopper's orders, newest first."""
    pages = Paginator(queries.orders_of(owner_of(request)), 20)
    return render(request, "orders/list.html", {"page": pages.get_page(request.GET.get("page"))})


def _order(request: HttpRequest, order_id: UUID) -> Order:
    token = request.COOKIES.get(_cookie(order_id), "")
    order = queries.order_for(order_id, owner=owner_of(request), token=token)
    if order is None:
        raise Http404
    return order


def _order_context(order: Order) -> dict[str, Any]:
    steps = timeline_of(order)
    live, slow = queries.is_live(order), queries.is_slow(order)
    retried = queries.retry_of(order.pk)
    can_retry = order.failure_code == "payment_declined" and retried is None
    done = sum(step.at is not None for step in steps)
    return {
        "order": order,
        "lines": order.lines.all(),
        "steps": steps,
        "live": live,
        "slow": slow,
        "seen": f"{order.status}-{done}-{int(slow)}-{int(live)}",
        "reloads": live and not can_retry,  # never under somebody's typing
        "status_words": STATUS_WORDS[Order.Status(order.status)],
        "can_cancel": order.status in queries.CANCELLABLE,
        "can_retry": can_retry,
        "retried_as": retried,
        "retried_token": access_token(retried.pk) if retried else "",
    }


def _checkout_page(
    request: HttpRequest,
    *,
    quote: str,
    offer: Offer,
    form: CheckoutForm,
    payment: PaymentForm | None = None,
    status: int = 200,
) -> HttpResponse:
    context = {
        "quote": quote,
        "offer": offer,
        "form": form,
        "payment": payment,
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


def _see(order_id: UUID) -> HttpResponse:
    return HttpResponseRedirect(reverse("orders:detail", args=[order_id]), status=303)


def _to_order(order: Order) -> HttpResponse:
    return _with_access(_see(order.pk), order.pk)


def _exchange(order_id: UUID, token: str) -> HttpResponse:
    if not is_access_token(token, order_id=order_id):
        raise Http404
    return _with_access(_see(order_id), order_id)


def _with_access(response: HttpResponse, order_id: UUID) -> HttpResponse:
    response.set_cookie(
        _cookie(order_id),
        access_token(order_id),
        max_age=COOKIE_AGE,
        path=reverse("orders:detail", args=[order_id]),
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
    return response


def _cookie(order_id: UUID) -> str:
    return f"order_{order_id.hex}"
