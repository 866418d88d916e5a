"""Ways through the checkout's pages, and what stands there for the apps that fill its slots."""

from django.utils.html import format_html

from apps.orders.drafts import KEY
from apps.orders.models import Order
from apps.orders.tests.factories import quote

START = "/orders/checkout/"
STEPS = {step: f"{START}{step}/" for step in ("address", "shipping", "payment", "review")}
CONTACT = {
    "email": "ann@example.com",
    "name": "Ann Lee",
    "line1": "Quay 1",
    "line2": "Floor 2",
    "postcode": "20095",
    "city": "Hamburg",
    "country": "DE",
}


def shipping(request, country, method, label, address):
    return format_html("<i>ways to {}, {} so far, {}</i>", country, method or "none", address)


def payment(request, action, label, token="", another=""):
    return format_html("<i>card {} for {}, else {}</i>", token or "asked", action, another)


def card(request, token):
    return "" if token == "pm_spent" else format_html("<i>card of {}</i>", token)


def addresses(request, action):
    return format_html('<form id="saved" method="post" action="{}"></form>', action)


def default_address(request):
    return format_html('<input name="city" value="{}">', "Hamburg")


SLOTS = {
    f"checkout.{name}": f"{__name__}.{name}"
    for name in ("shipping", "payment", "card", "addresses", "default_address")
}


def begin(client, token=None, **more):
    """From the cart's button."""
    return client.post(START, {"quote": token or quote()} | more)


def come_to(client, step, *, token=None):
    """As far as that step, with the quote; the quote."""
    token = token or quote()
    begin(client, token)
    posted = [CONTACT, {"quote": token}, {"payment_method": "pm_1"}]
    for name, fields in zip(STEPS, posted, strict=False):
        if name == step:
            break
        assert client.post(STEPS[name], fields).status_code == 303
    return token


def shown(client):
    """The fields that the review's form has."""
    context = client.get(STEPS["review"]).context
    return {"quote": context["draft"].quote, "seen": context["draft"].seen}


def place(client, fields=None):
    """Press the review's button."""
    return client.post("/orders/place/", fields or shown(client))


def kept(client):
    """What the session has of the checkout."""
    return client.session.get(KEY, {})


def path_of_order():
    return f"/orders/{Order.objects.get().pk}/"
