"""The pages of one order, its live timeline, and the list of all of mine."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET, require_POST

from apps.orders import operations, queries
from apps.orders.access import owner_of
from apps.orders.carriers import tracking_url
from apps.orders.forms import PaymentForm
from apps.orders.models import Order, TimelineEntry
from apps.orders.refusals import NotCancellable, Refusal
from apps.orders.transitions import may_move
from apps.orders.views.entering import exchange, kept_private, opened, see, to_order, with_access
from apps.orders.wording import money_words, next_words, status_words, timeline_of, tone


@kept_private
@require_GET
def detail(request: HttpRequest, order_id: UUID) -> HttpResponse:
    """The order's page; a token in the address becomes a cookie at once."""
    if "token" in request.GET:
        return exchange(order_id, request.GET["token"])
    context = _order_context(opened(request, order_id))
    response = render(request, "orders/detail.html", context)
    if retried := context["retried_as"]:
        with_access(response, retried.pk)  # who may see this one may follow the link to that one
    return response


@kept_private
@require_GET
def timeline(request: HttpRequest, order_id: UUID) -> HttpResponse:
    """The live part of the order's page; 204 while there is nothing new since `seen`, so that a
    screen reader hears each step once."""
    order = opened(request, order_id)
    context = _order_context(order)
    seen = request.GET.get("seen", "")
    if seen == context["seen"]:
        return HttpResponse(status=204)
    response = render(request, "orders/news.html", context)
    response["HX-Trigger"] = "news"  # what the cart holds may have changed with it
    if seen.startswith("PENDING") and order.status in queries.ENDED_WITHOUT_SALE:
        response["HX-Refresh"] = "true"  # the page around offers other things now
    return response


@require_POST
def cancel(request: HttpRequest, order_id: UUID) -> HttpResponse:
    """Cancel the order, if it is not too late."""
    order = opened(request, order_id)
    if not operations.cancel_order(order_id=order.pk, by="customer"):
        messages.error(request, str(NotCancellable()))
    return see(order.pk)


def retry(request: HttpRequest, order_id: UUID) -> HttpResponse:
    """Pay a failed order again, as a new order; a GET (back from a card page) shows the order."""
    order = opened(request, order_id)
    payment = PaymentForm(request.POST)
    if request.method != "POST":
        return see(order.pk)
    if not payment.is_valid():
        return render(
            request, "orders/detail.html", _order_context(order) | {"payment": payment}, status=422
        )
    try:
        placed = operations.retry_order(
            order_id=order.pk, owner=owner_of(request), **payment.cleaned_data
        )
    except Refusal as refusal:
        messages.error(request, str(refusal))
        return see(order.pk)
    return to_order(placed.order.pk)


@login_required
@require_GET
def mine(request: HttpRequest) -> HttpResponse:
    """The signed-in shopper's orders, newest first."""
    pages = Paginator(queries.orders_of(owner_of(request)), 20)
    return render(request, "orders/list.html", {"page": pages.get_page(request.GET.get("page"))})


def _order_context(order: Order) -> dict[str, Any]:
    steps = timeline_of(order)
    live, slow = queries.is_live(order), queries.is_slow(order)
    action_url = queries.action_url(order)
    retried = queries.retry_of(order.pk)
    declined = order.failure_code == "payment_declined" and retried is None
    can_retry = declined and queries.is_retryable(order)
    done = sum(step.at is not None for step in steps)
    return {
        "order": order,
        "lines": order.lines.all(),
        "steps": steps,
        "live": live,
        "slow": slow,
        "action_url": action_url,
        "seen": f"{order.status}-{done}-{int(slow)}-{int(live)}-{int(bool(action_url))}",
        "reloads": live and not can_retry,  # never under somebody's typing
        "reload_after": 10 if action_url else 2,  # seconds; there is something to press
        "status_words": status_words(order, acts=bool(action_url)),
        "next_words": next_words(order, acts=bool(action_url)),
        "money_words": money_words(order),
        "tone": tone(order),
        "released": any(step.kind == TimelineEntry.Kind.RELEASED for step in steps),
        "can_cancel": may_move(order.status, Order.Status.CANCELLED),
        "can_retry": can_retry,
        "too_late": declined and not can_retry,
        "retried_as": retried,
        "tracking_url": tracking_url(order.carrier, order.tracking),
        "again": queries.lines_to_order_again(order),
    }
