"""The cart's pages. All of it works without scripts; with them, the form that was used is answered
with the part of the page that has changed, and what came of it is told in the page's status."""

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.defaultfilters import pluralize
from django.template.loader import render_to_string
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from apps.cart import operations, queries, shoppers
from apps.cart.forms import AddForm, CouponForm, DeliveryForm, QuantityForm, delivery_in, lines_in
from apps.cart.models import MOST, MOST_LINES
from apps.cart.tries import TooManyTries, trying_a_code

REFUSALS = {
    operations.NotSold: "This article is no longer sold.",
    operations.SoldOut: "This article is sold out.",
    operations.CartFull: f"A cart takes up to {MOST_LINES} different articles.",
    operations.NotInCart: "That article is not in your cart any more.",
}
LACKS = {"inactive": "no longer sold.", "sold_out": "sold out.", "cart_full": "your cart is full."}


@require_safe
@never_cache
def cart(request: HttpRequest) -> HttpResponse:
    """What is in the cart and what it costs to send where: `?country=&shipping_method=`, else as the
    shopper chose last."""
    return _page(request)


@require_safe
@never_cache
def header(request: HttpRequest) -> HttpResponse:
    """The header's link to the cart, as it is now."""
    owners = shoppers.owners(request)
    return render(request, "cart/_header.html", {"count": queries.count(owners) if owners else 0})


@require_POST
def add(request: HttpRequest) -> HttpResponse:
    """Put an article into the cart."""
    owner, token = shoppers.owner_or_new(request)
    form = AddForm(request.POST)
    if not form.is_valid():
        messages.error(request, f"Please choose a quantity from 1 to {MOST}.")
        return _added(request, added=False)
    added = _try(request, lambda: operations.add_line(owner=owner, **form.cleaned_data))
    response = _added(request, added=added)
    shoppers.remember(request, response, token if added else None)
    return response


@require_POST
def undo(request: HttpRequest) -> HttpResponse:
    """Put back what was just taken out."""
    form = AddForm(request.POST)
    if not form.is_valid():
        messages.error(request, "This cannot be put back.")
        return _back(request)
    owner, token = shoppers.owner_or_new(request)
    if not _try(request, lambda: operations.put_back(owner=owner, **form.cleaned_data)):
        token = None
    response = _back(request, focus=form.cleaned_data["sku"])
    shoppers.remember(request, response, token)
    return response


@require_POST
def again(request: HttpRequest) -> HttpResponse:
    """Put what was ordered once into the cart again: `sku` and `quantity`, once a line."""
    lines = lines_in(request.POST.getlist("sku"), request.POST.getlist("quantity"))
    if lines is None:
        messages.error(request, "These articles cannot be ordered again.")
        return _back(request)
    owner, token = shoppers.owner_or_new(request)
    result = operations.add_again(owner=owner, lines=lines)
    _tell_again(request, result)
    response = _back(request)
    shoppers.remember(request, response, token if result.added else None)
    return response


@require_POST
def update(request: HttpRequest, sku: str) -> HttpResponse:
    """Have another quantity of an article; 0 takes it out."""
    form = QuantityForm(request.POST)
    if not form.is_valid():
        messages.error(request, f"Please choose a quantity from 0 to {MOST}.")
        return _back(request)
    if form.cleaned_data["quantity"] == 0:
        return _take_out(request, sku)
    owner = shoppers.owner(request) or ""
    _try(request, lambda: operations.set_quantity(owner=owner, sku=sku, **form.cleaned_data))
    return _back(request)


@require_POST
def remove(request: HttpRequest, sku: str) -> HttpResponse:
    """Take an article out."""
    return _take_out(request, sku)


@require_POST
def coupon(request: HttpRequest) -> HttpResponse:
    """Put a coupon into the cart."""
    form = CouponForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Please enter the code of a coupon.")
        return _back(request)
    try:
        with trying_a_code(request):
            code = operations.apply_coupon(owner=shoppers.owner(request), **form.cleaned_data)
        messages.success(request, f"Coupon {code} is in your cart.")
    except (operations.CouponRefused, operations.EmptyCart, TooManyTries) as refusal:
        messages.error(request, str(refusal) or "Your cart is empty.")
        return _back(request, focus="coupon", typed=form.cleaned_data["code"])
    return _back(request, focus="coupon")


@require_POST
def remove_coupon(request: HttpRequest) -> HttpResponse:
    """Take the coupon out."""
    operations.remove_coupon(owner=shoppers.owner(request))
    messages.success(request, "The coupon is taken out.")
    return _back(request, focus="coupon")


@require_POST
def accept(request: HttpRequest) -> HttpResponse:
    """Agree to the changes that the page has shown."""
    seen = request.POST.get("changes_id", "")
    try:
        operations.accept_changes(owner=shoppers.owner(request), changes_id=seen)
        messages.success(request, "Your cart is up to date.")
    except operations.CartChanged:
        messages.warning(request, "It has changed once more. Please have another look.")
    except operations.EmptyCart:
        messages.error(request, "Your cart is empty.")
    return _back(request)


def _quote(
    owner: str | None, cart: queries.Contents, delivery: dict[str, str]
) -> tuple[operations.SignedQuote | None, operations.CouponRefused | None]:
    """The quote, or why the coupon is refused; neither while the page has other things to say."""
    try:
        return operations.make_quote(owner=owner, cart=cart, **delivery), None
    except operations.CouponRefused as refusal:
        return None, refusal
    except (operations.EmptyCart, operations.CartChanged):
        return None, None


def _take_out(request: HttpRequest, sku: str) -> HttpResponse:
    try:
        gone = operations.remove_line(owner=shoppers.owner(request) or "", sku=sku)
    except operations.NotInCart as refusal:
        messages.error(request, REFUSALS[type(refusal)])
    else:
        context = {"gone": gone, "query": request.GET.urlencode()}
        told = render_to_string("cart/_taken_out.html", context, request=request)
        messages.success(request, told)
    return _back(request)


def _try(request: HttpRequest, change: Callable[[], operations.Put]) -> bool:
    """Make the change and tell the shopper what came of it."""
    try:
        put = change()
    except tuple(REFUSALS) as refusal:
        messages.error(request, REFUSALS[type(refusal)])
        return False
    if put.notice:
        messages.warning(request, put.told)
    else:
        messages.success(request, f"{put.quantity} × {put.title} in your cart.")
    return True


def _tell_again(request: HttpRequest, result: operations.Again) -> None:
    if result.added:
        count = len(result.added)
        messages.success(request, f"{count} article{pluralize(count)} put into your cart.")
    for put in result.added:
        if put.notice:
            messages.warning(request, put.told)
    for missing in result.missing:
        messages.warning(request, f"{missing.title}: {LACKS[missing.reason]}")


def _tell_notices(request: HttpRequest) -> None:
    for notice in shoppers.notices(request):
        messages.warning(request, notice)


def _page(request: HttpRequest, focus: str = "", typed: str = "") -> HttpResponse:
    """The cart; for a script its part that changes, with the focus on that line or the coupon, whose
    refused code stays as it was typed."""
    owner = shoppers.owner(request)
    _tell_notices(request)
    kept = delivery_in(request.COOKIES.get(shoppers.DELIVERY, ""))
    form = DeliveryForm(kept | request.GET.dict())
    cart = queries.contents(owner)
    signed, refused = _quote(owner, cart, form.cleaned_data) if form.is_valid() else (None, None)
    context = {
        "cart": cart,
        "form": form,
        "quote": signed and signed.quote,
        "token": signed and signed.token,
        "refused": refused,
        "most": MOST,
        "query": request.GET.urlencode(),
        "focus": focus,
        "typed": typed,
    }
    response = render(
        request, "cart/_part.html" if _in_part(request) else "cart/cart.html", context
    )
    shoppers.remember(request, response, None)
    if request.GET and form.is_valid():
        shoppers.keep_cookie(response, shoppers.DELIVERY, form.kept())
    return response


def _in_part(request: HttpRequest) -> bool:
    """Whether a script puts the answer into the page; "back" asks for a whole one."""
    htmx = request.htmx  # type: ignore[attr-defined]
    return bool(htmx) and not htmx.history_restore_request


def _added(request: HttpRequest, *, added: bool) -> HttpResponse:
    """To the cart; for a script, which stays on the page of the article, what came of it, with the
    way to the cart beside the button."""
    if not _in_part(request):
        return _back(request)
    _tell_notices(request)
    response = render(request, "cart/_added.html", {"added": added})
    response["HX-Trigger"] = "news"
    return response


def _back(request: HttpRequest, focus: str = "", typed: str = "") -> HttpResponse:
    """To the cart, for the same delivery as before."""
    if _in_part(request):
        response = _page(request, focus, typed)
        response["HX-Trigger"] = "news"  # for its link in the header
        return response
    _tell_notices(request)
    query = request.GET.urlencode()
    return redirect(reverse("cart:cart") + (f"?{query}" if query else ""))
