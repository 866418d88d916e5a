"""The end of the checkout: what was shown becomes an order, once."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_http_methods

from apps.orders import operations, queries
from apps.orders.access import owner_of
from apps.orders.drafts import Progress, fields_of, progress_of
from apps.orders.operations import Address
from apps.orders.quotes import Offer, read_quote
from apps.orders.refusals import PriceChanged, QuoteExpired, Refusal
from apps.orders.views.checkout import ended, ordered, refused, step_page, to_step
from apps.orders.views.entering import kept_private, to_order


@kept_private
@require_http_methods(["GET", "HEAD", "POST"])
def place(request: HttpRequest) -> HttpResponse:
    """Order what the review has shown, and go to the order's page; the same form a second time
    goes to the same page. What is not as it was shown is shown again, and nothing is ordered."""
    progress = progress_of(request)
    if not (quote := request.POST.get("quote")):
        return to_step(progress.missing) if progress.begun else ended(request, progress)
    try:
        offer = read_quote(quote, owner=owner_of(request))
        if used := queries.order_of_quote(offer):
            return to_order(used.pk)
        return _place(request, progress, offer)
    except Refusal as refusal:
        return refused(request, refusal)


def _place(request: HttpRequest, progress: Progress, offer: Offer) -> HttpResponse:
    draft = progress.draft
    if not progress.begun:
        return ended(request, progress)
    if draft.contact is None or progress.missing != "review":
        return to_step(progress.missing)
    if request.POST.get("seen") != draft.seen:
        return step_page(request, progress, "review", changed=True, status=409)
    fields = fields_of(draft.contact)
    try:
        placed = operations.place_order(
            quote=draft.quote,
            owner=offer.owner,
            email=fields.pop("email"),
            address=Address(**fields),
            payment_method=draft.payment_method,
        )
    except (QuoteExpired, PriceChanged):  # in this moment
        return to_step("shipping")
    return ordered(request, placed.order)
