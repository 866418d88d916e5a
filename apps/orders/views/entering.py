"""Who may open an order's pages, and how: by being its owner, or by a token that becomes a cookie."""

from collections.abc import Callable
from functools import wraps
from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.cache import never_cache

from apps.orders import queries
from apps.orders.access import access_token, is_access_token, owner_of
from apps.orders.models import Order

COOKIE_AGE = 30 * 24 * 3600  # seconds: as long as a guest may come back to the order

View = Callable[..., HttpResponse]


def kept_private(view: View) -> View:
    """No cache keeps the page and no search engine lists it: whoever has its address may be a
    guest, with nothing else to show."""

    @never_cache
    @wraps(view)
    def private(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response = view(request, *args, **kwargs)
        response["X-Robots-Tag"] = "noindex"
        return response

    return private


def opened(request: HttpRequest, order_id: UUID) -> Order:
    """The order, for whoever may see it; 404 for everybody else."""
    token = request.COOKIES.get(_cookie(order_id), "")
    order = queries.order_for(order_id, owner=owner_of(request), token=token)
    if order is None:
        raise Http404
    return order


def exchange(order_id: UUID, token: str) -> HttpResponse:
    """The token of the mail's link becomes a cookie, and is gone from the address; no page of
    another site ever learns of it."""
    if not is_access_token(token, order_id=order_id):
        raise Http404
    response = to_order(order_id)
    response["Referrer-Policy"] = "no-referrer"
    return response


def see(order_id: UUID) -> HttpResponse:
    """On to the order's page."""
    return HttpResponseRedirect(reverse("orders:detail", args=[order_id]), status=303)


def to_order(order_id: UUID) -> HttpResponse:
    """On to the order's page, with the right to see it."""
    return with_access(see(order_id), order_id)


def with_access(response: HttpResponse, order_id: UUID) -> HttpResponse:
    """Whoever gets the response may see the order's pages."""
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
