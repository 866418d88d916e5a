from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from shop.models import InvariantCheck, UnfinishedPast


class ReadOnlyAdmin(admin.ModelAdmin):
    """For looking at what commands write."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(InvariantCheck)
class InvariantCheckAdmin(ReadOnlyAdmin):
    """`manage.py check_invariants` writes it."""

    list_display = ["invariant", "violations", "whole", "checked_at"]


@admin.register(UnfinishedPast)
class UnfinishedPastAdmin(ReadOnlyAdmin):
    """`manage.py demo` writes it."""
