"""What the catalogue's pages for staff have in common."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from apps.products.operations import TooDeep


class ThroughOperations(admin.ModelAdmin):
    """Saving is left to operations. What only they can see to be wrong (a form may have been
    overtaken by somebody else's) is said on the page again; nothing has changed then."""

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except ValidationError as refusal:
            messages.error(request, " ".join(refusal.messages))
        except TooDeep as refusal:
            messages.error(request, refusal.__doc__ or "")
        return redirect(request.path)


class NeverDeleted(ThroughOperations):
    """Orders and carts remember what was sold: hide, never delete."""

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class ReadOnly(admin.options.BaseModelAdmin):
    """Rows that nobody adds, changes or deletes by hand."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
