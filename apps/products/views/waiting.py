"""The waiting list of what is sold out: how one gets on it, and off."""

from math import ceil

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST

from apps.products import operations, queries
from apps.products.forms import WaitForm
from apps.products.leaving import leave_url, leaving
from apps.products.models import Variant
from apps.products.shoppers import WaitThrottle, customer_of, subject_of


@require_POST
def wait(request: HttpRequest, sku: str) -> HttpResponse:
    """Put an address on the list. The answer is the same when it is there already."""
    article = queries.article(sku)
    if article is None:
        raise Http404("There is no such article.")
    form, throttle = WaitForm(request.POST), WaitThrottle()
    if not throttle.allow_request(request, None):  # type: ignore[arg-type]
        form.add_error("email", "That is a lot of addresses. Please try again in an hour.")
        response = _form(request, article, form, status=429)
        response["Retry-After"] = str(ceil(throttle.wait() or 1))
        return response
    if not form.is_valid():
        return _form(request, article, form, status=422)
    return _listed(request, article, form.cleaned_data["email"])


@never_cache
@csrf_exempt  # the token is what allows it: a mail program posts from nowhere (RFC 8058)
@require_http_methods(["GET", "POST"])
def leave(request: HttpRequest, token: str) -> HttpResponse:
    """GET shows a button, since programs look at mails before people do; POST takes whoever the
    token is about off the list. Nobody has to sign in."""
    waiting = leaving(token)
    if waiting is None:
        raise Http404("There is no such link.")
    if request.method == "POST":
        operations.leave(waiting)
    return render(request, "products/leave.html", {"titles": queries.waited_for(waiting)})


def _listed(request: HttpRequest, article: Variant, email: str) -> HttpResponse:
    page = f"{reverse('products:product', args=[article.product.slug])}?sku={article.sku}"
    subject = subject_of(customer_id=customer_of(request), email=email)
    try:
        made = operations.wait_for(sku=article.sku, email=email, subject=subject)
    except operations.NotSoldOut:
        return _to(request, page, f"{article.title} is in stock again.")
    context = {"article": article, "email": email, "leave": leave_url(waiting_id=made)}
    if request.htmx:  # type: ignore[attr-defined]
        return render(request, "products/_listed.html", context)
    return _to(request, page, render_to_string("products/_listed.html", context, request=request))


def _to(request: HttpRequest, page: str, told: str) -> HttpResponse:
    messages.success(request, told)
    if request.htmx:  # type: ignore[attr-defined]
        return HttpResponse(headers={"HX-Redirect": page})
    return redirect(page)


def _form(request: HttpRequest, article: Variant, form: WaitForm, *, status: int) -> HttpResponse:
    part = "#part" if request.htmx else ""  # type: ignore[attr-defined]
    typed = request.POST.get("email", "")
    context = {"article": article, "sku": article.sku, "form": form, "email": typed}
    return render(request, f"products/wait.html{part}", context, status=status)
