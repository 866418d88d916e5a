"""Staff look at the numbers here and change them by one action; the ledger keeps why."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from apps.inventory import operations
from apps.inventory.forms import AdjustmentForm
from apps.inventory.models import AdjustmentKey, Hold, HoldLine, LedgerEntry, StockItem


class KeptByOperations(admin.options.BaseModelAdmin):
    """Rows that nobody adds or deletes by hand."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class ReadOnly(KeptByOperations):
    """Rows that nobody changes by hand either."""

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(StockItem)
class StockItemAdmin(KeptByOperations, admin.ModelAdmin):
    list_display = ("sku", "title", "active", "on_hand", "held", "available", "low_threshold")
    list_filter = ("active",)
    search_fields = ("sku", "title")
    fields = ("sku", "title", "active", "on_hand", "held", "available", "version", "low_threshold")
    readonly_fields = ("sku", "title", "active", "on_hand", "held", "available", "version")
    actions = ("adjust_stock",)

    @admin.action(description="Adjust stock", permissions=["change"])
    def adjust_stock(self, request: HttpRequest, items: QuerySet[StockItem]) -> HttpResponse | None:
        """Ask for units and reason, then change the one article that is selected."""
        if items.count() != 1:
            self.message_user(request, "Select one article to adjust.", messages.ERROR)
            return None
        item = items.get()
        form = AdjustmentForm(request.POST if "apply" in request.POST else None)
        if form.is_valid() and self._adjust(request, item, form):
            return None
        return self._ask(request, item, form)

    def save_model(
        self, request: HttpRequest, obj: StockItem, form: ModelForm, change: bool
    ) -> None:
        """Only the threshold: saving the whole row would put back numbers read before."""
        operations.set_low_threshold(sku=obj.sku, threshold=obj.low_threshold)

    def _adjust(self, request: HttpRequest, item: StockItem, form: AdjustmentForm) -> bool:
        try:
            entry = operations.adjust_stock(
                sku=item.sku, by=f"user:{request.user.pk}", **form.cleaned_data
            )
        except operations.StockRefused as refusal:
            form.add_error(None, str(refusal))
            return False
        self.message_user(request, f"Stock adjusted: {entry}.", messages.SUCCESS)
        return True

    def _ask(self, request: HttpRequest, item: StockItem, form: AdjustmentForm) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": f"Adjust stock of {item.sku}",
            "item": item,
            "form": form,
        }
        return TemplateResponse(request, "inventory/adjust_stock.html", context)


class HoldLineInline(ReadOnly, admin.TabularInline):
    model = HoldLine
    fields = ("sku", "quantity")


@admin.register(Hold)
class HoldAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ("order_id", "status", "cause", "created_at", "changed_at")
    list_filter = ("status", "cause")
    search_fields = ("order_id", "lines__sku")
    inlines = (HoldLineInline,)


@admin.register(LedgerEntry)
class LedgerEntryAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ("at", "sku", "delta", "kind", "reason", "order_id", "by")
    list_filter = ("kind",)
    search_fields = ("sku", "order_id", "reason")


@admin.register(HoldLine)
class HoldLineAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ("sku", "quantity", "hold")
    list_select_related = ("hold",)
    search_fields = ("sku", "hold__order_id")


@admin.register(AdjustmentKey)
class AdjustmentKeyAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ("sku", "key", "by", "entry")
    list_select_related = ("entry",)
    search_fields = ("sku", "key")
