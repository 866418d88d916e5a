"""Who waits for what is sold out."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html

from apps.products import queries
from apps.products.models import WaitingShopper


@admin.register(WaitingShopper)
class WaitingShopperAdmin(admin.ModelAdmin):
    """The article that most wait for first. Staff may take somebody off, as who wishes so tells."""

    list_display = ["sku", "waiting", "email", "created_at"]
    search_fields = ["sku", "email", "subject"]
    search_help_text = "An article, an address or whose it is"

    def get_queryset(self, request: HttpRequest) -> QuerySet[WaitingShopper]:
        return queries.counted(WaitingShopper.objects.all())

    def get_ordering(self, request: HttpRequest) -> list[Any]:
        return ["-shoppers", "sku", "id"]

    @admin.display(description="waiting for it")
    def waiting(self, row: WaitingShopper) -> str:
        count = row.shoppers  # type: ignore[attr-defined]
        return format_html('<a href="?sku={}">{}</a>', row.sku, count)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(
        self, request: HttpRequest, obj: WaitingShopper | None = None
    ) -> bool:
        return False
