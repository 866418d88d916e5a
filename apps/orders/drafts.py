"""A checkout under way: what the shopper has said so far, kept in their session until it is ordered,
and how far that leads. Never a card's number: payments keeps the card, and its token is here."""

import json
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from typing import Literal
from uuid import UUID

from django.http import HttpRequest

from apps.orders import queries
from apps.orders.access import owner_of
from apps.orders.countries import name_of
from apps.orders.forms import ContactForm, PaymentForm
from apps.orders.models import Order
from apps.orders.quotes import Offer, read_quote
from apps.orders.refusals import Refusal
from eventbus import payload
from eventbus.errors import Unreadable
from eventbus.schema import decode, encode

KEY = "checkout"  # of the session's entry
Step = Literal["address", "shipping", "payment", "review"]
STEPS: dict[Step, str] = {
    "address": "Address",
    "shipping": "Shipping",
    "payment": "Payment",
    "review": "Review",
}


@payload
class Contact:
    """Who orders and where the parcel goes."""

    email: str
    name: str
    line1: str
    line2: str
    postcode: str
    city: str
    country: str  # ISO 3166-1 alpha-2

    @property
    def country_name(self) -> str:
        """The country in words."""
        return name_of(self.country)


@payload
class Draft:
    """What the shopper has said; each part may be missing."""

    quote: str = ""  # as the cart signed it
    agreed: bool = False  # to the quote's way of delivery, knowing the country
    contact: Contact | None = None
    payment_method: str = ""  # the token
    placed: UUID | None = None  # the order that the last checkout became

    @property
    def seen(self) -> str:
        """Names exactly this draft, so that nothing is ordered that was not shown."""
        return sha256(json.dumps(encode(self), sort_keys=True).encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a shopper has come, at this moment."""

    draft: Draft
    offer: Offer | None = None  # what the quote says, if it is theirs
    used: Order | None = None  # the order that the quote made already
    refusal: Refusal | None = None  # why the quote cannot be ordered

    @property
    def begun(self) -> bool:
        """Whether the shopper came from a cart and has not ordered since."""
        return bool(self.draft.quote)

    @property
    def missing(self) -> Step:
        """The first step that is not done; the last one when all that it needs is there."""
        return next((step for step in STEPS if not self.has_done(step)), "review")

    @property
    def moved(self) -> bool:
        """Whether the offer is for another country than the parcel goes to."""
        here = self.draft.contact
        return bool(self.offer and here and self.offer.country != here.country)

    def has_done(self, step: Step) -> bool:
        match step:
            case "address":
                return self.draft.contact is not None
            case "shipping":
                good = self.offer is not None and self.refusal is None
                return good and self.draft.agreed and not self.moved
            case "payment":
                return bool(self.draft.payment_method)
        return False

    def may_see(self, step: Step) -> bool:
        """Whether everything before the step is done."""
        order = list(STEPS)
        return order.index(step) <= order.index(self.missing)


def progress_of(request: HttpRequest) -> Progress:
    """How far the request's shopper has come; what is no good in the session counts as not there."""
    draft = _draft_in(request)
    try:
        offer = read_quote(draft.quote, owner=owner_of(request))
    except Refusal as refusal:
        return Progress(draft=draft, refusal=refusal)
    used = queries.order_of_quote(offer)
    try:
        queries.ensure_current(offer)
    except Refusal as refusal:
        return Progress(draft=draft, offer=offer, used=used, refusal=refusal)
    return Progress(draft=draft, offer=offer, used=used)


def keep(request: HttpRequest, draft: Draft) -> None:
    """From now on this is what the shopper has said."""
    request.session[KEY] = encode(draft)


def with_quote(progress: Progress, quote: str, *, agreed: bool) -> Draft:
    """The draft with another quote. All that was typed stays; a card only while its owner does."""
    card = progress.draft.payment_method if progress.offer else ""
    return replace(progress.draft, quote=quote, agreed=agreed, payment_method=card, placed=None)


def fields_of(contact: Contact | None) -> dict[str, str]:
    """The contact as a form has it."""
    return asdict(contact) if contact else {}


def _draft_in(request: HttpRequest) -> Draft:
    """The session's draft, as far as it would be taken today."""
    try:
        draft: Draft = decode(Draft, request.session.get(KEY, {}))
    except Unreadable:
        return Draft()
    good = draft.contact is None or ContactForm(fields_of(draft.contact)).is_valid()
    paid = PaymentForm({"payment_method": draft.payment_method}).is_valid()
    return replace(
        draft,
        contact=draft.contact if good else None,
        payment_method=draft.payment_method if paid else "",
    )
