"""A checkout page of nobody's, for the browser: a form with the slot, and where it ends."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template import engines
from django.urls import include, path

PAGE = """{% extends "base.html" %}{% block content %}
<form method="post" action="/elsewhere/">{% csrf_token %}
<input type="hidden" name="quote" value="signed"><input type="hidden" name="action" value="x">
{% slot "checkout.payment" action="/end/" label="Place order" %}
</form>{% endblock %}"""


def start(request: HttpRequest) -> HttpResponse:
    return HttpResponse(engines["django"].from_string(PAGE).render({}, request))


def end(request: HttpRequest) -> HttpResponse:
    return JsonResponse({name: request.POST.getlist(name) for name in request.POST})


urlpatterns = [
    path("start/", start),
    path("end/", end),
    path("", include("shop.urls")),
]
