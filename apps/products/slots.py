"""What the catalogue puts into pages of others."""

from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from apps.products import queries
from apps.products.search.words import LONGEST_QUESTION
from apps.products.shoppers import waiting_of

CARDS, DRAWN, QUOTES = 4, 3, 3  # products in a row, pictures of a department, reviews


def home(request: HttpRequest) -> SafeString:
    """The shop's first page, below what it says of itself: departments, what is new, what costs
    less for now, what buyers like best, and what they say."""
    tree = queries.category_tree()
    on_sale = queries.Wish(on_sale=True, ordering="newest")
    context = {
        "departments": queries.departments(tree, pictures=DRAWN),
        "new": queries.first_cards(queries.Wish(ordering="newest"), tree, size=CARDS),
        "on_sale": queries.first_cards(on_sale, tree, size=CARDS),
        "liked": queries.best_rated(size=CARDS),
        "said": queries.praise(size=QUOTES),
    }
    return render_to_string("products/home.html", context, request=request)


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
