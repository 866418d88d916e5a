"""The gateway: every context under its own path; the path's first segment is the context."""

from importlib.util import find_spec

from django.conf import settings
from django.contrib import admin
from django.urls import include, path

urlpatterns = [path("admin/", admin.site.urls)]
for name in settings.SHOP_CONTEXTS:
    if find_spec(f"apps.{name}.api.urls"):
        urlpatterns.append(path(f"api/v1/{name}/", include(f"apps.{name}.api.urls")))
    if find_spec(f"apps.{name}.urls"):
        urlpatterns.append(path(f"{name}/", include(f"apps.{name}.urls")))
