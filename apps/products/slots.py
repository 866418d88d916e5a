"""What the catalogue puts into pages of others."""

from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from apps.products.search.words import LONGEST_QUESTION


def search(request: HttpRequest) -> SafeString:
    """The form to search the shop with; it keeps what was searched for."""
    text = request.GET.get("q", "")[:LONGEST_QUESTION]
    return render_to_string("products/_search.html", {"text": text}, request=request)
