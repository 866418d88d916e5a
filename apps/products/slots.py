"""What the catalogue puts into pages of others."""

from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from apps.products import queries
from apps.products.search.words import LONGEST_QUESTION
from apps.products.shoppers import waiting_of


def search(request: HttpRequest) -> SafeString:
    """The form to search the shop with; it keeps what was searched for."""
    text = request.GET.get("q", "")[:LONGEST_QUESTION]
    return render_to_string("products/_search.html", {"text": text}, request=request)


def sold_out(request: HttpRequest, sku: str) -> SafeString:
    """A form to be told when the article is back; where units are left again, the way to them.
    Nothing of an article that is not for sale."""
    article = queries.article(sku)
    if article is None or queries.units_of(article) is None:
        return SafeString("")
    context = {"sku": sku, "article": article, **waiting_of(request, sku)}
    return render_to_string("products/_sold_out.html", context, request=request)
