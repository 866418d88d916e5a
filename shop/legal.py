"""The legal pages: templates in shop/templates/legal/, to be replaced by the shop's own words."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

PAGES = {
    "terms": "Terms and conditions",
    "privacy": "Privacy",
    "refunds": "Refunds and returns",
    "imprint": "Imprint",
}


def page(request: HttpRequest, name: str) -> HttpResponse:
    """One of PAGES."""
    if name not in PAGES:
        raise Http404
    return render(request, f"legal/{name}.html", {"heading": PAGES[name]})


def links(request: HttpRequest) -> SafeString:
    """What the shopper agrees to, beside the button that orders."""
    return render_to_string("legal/links.html", request=request)
