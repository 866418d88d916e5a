"""Where old addresses lead."""

from django.http import Http404, HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.urls import reverse


def moved(request: HttpRequest, name: str, slug: str | None) -> HttpResponse:
    """To where it is now, for good, with what was sent; 404 when it is nowhere."""
    if slug is None:
        raise Http404("There is no such address.")
    query = request.META.get("QUERY_STRING", "")
    address = reverse(name, args=[slug])
    return HttpResponsePermanentRedirect(
        f"{address}?{query}" if query else address, preserve_request=request.method == "POST"
    )
