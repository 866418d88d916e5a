"""The gateway: every context under its own path; the path's first segment is the context."""

from importlib.util import find_spec

from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.templatetags.static import static
from django.urls import include, path
from django.views.generic import RedirectView

from shop import api, health, legal, monitoring
from shop.storefront import fillers, navigation, sitemaps

PRIVATE = ["/admin/", "/api/", "/cart/", "/notifications/", "/orders/", "/payments/", "/users/"]
PRIVATE += ["/*?q=", "/*&q="]


def home(request: HttpRequest) -> HttpResponse:
    """The first page, of what the apps put there; where none does, to the first of the navigation,
    or to the API."""
    entries = navigation()
    if any(slot == "home" for _, slot, _ in fillers()):
        return render(request, "home.html", {"address": request.build_absolute_uri("/")})
    return redirect(entries[0]["href"] if entries else "api")


admin.site.site_header = admin.site.site_title = f"{settings.SHOP_NAME}: staff"
admin.site.index_title = "Everything in the shop"


def favicon(request: HttpRequest) -> HttpResponseRedirect:
    """For pages that name no icon, as the admin's."""
    return redirect(static("shop/icon.svg"))


def robots(request: HttpRequest) -> HttpResponse:
    """What search engines need not look at, and the maps of what they should."""
    lines = ["User-agent: *", *(f"Disallow: {path}" for path in PRIVATE)]
    lines += [f"Sitemap: {request.build_absolute_uri(path)}" for path in sitemaps()]
    return HttpResponse("\n".join(lines) + "\n", content_type="text/plain")


urlpatterns = [
    path("", home, name="home"),
    path("favicon.ico", favicon),
    path("docs/", RedirectView.as_view(pattern_name="docs")),
    path("admin/", admin.site.urls),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("robots.txt", robots, name="robots"),
    path("metrics", monitoring.metrics, name="metrics"),
    path("legal/<slug:name>/", legal.page, name="legal"),
]
served = []
for name in settings.SHOP_CONTEXTS:
    if find_spec(f"apps.{name}.api.urls"):
        served.append(name)
        urlpatterns.append(path(f"api/v1/{name}/", include(f"apps.{name}.api.urls")))
    if find_spec(f"apps.{name}.urls"):
        urlpatterns.append(path(f"{name}/", include(f"apps.{name}.urls")))
urlpatterns += api.urls(served)

handler400 = "shop.errors.bad_request"
handler403 = "shop.errors.permission_denied"
handler404 = "shop.errors.not_found"
handler500 = "shop.errors.server_error"
