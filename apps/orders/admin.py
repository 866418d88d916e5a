"""Orders for staff: read everything, change only by the operations."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from apps.orders import operations
from apps.orders.forms import ShipForm
from apps.orders.models import (
    IdempotencyKey,
    Order,
    OrderLine,
    Price,
    StatusChange,
    TimelineEntry,
)


class ReadOnly:
    """Nothing can be added, changed or deleted: operations own the rows."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class Lines(ReadOnly, admin.TabularInline):
    model = OrderLine


class History(ReadOnly, admin.TabularInline):
    model = StatusChange
    verbose_name_plural = "history"


class Timeline(ReadOnly, admin.TabularInline):
    model = TimelineEntry


@admin.register(Order)
class OrderAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ["number", "status", "email", "total", "currency", "refunded", "placed_at"]
    list_filter = ["status", "placed_at"]
    search_fields = ["number", "=id", "email", "=cart_id"]
    exclude = ["payment_method"]
    inlines = [Lines, History, Timeline]
    actions = ["cancel", "ship", "deliver"]

    def has_manage_permission(self, request: HttpRequest) -> bool:
        """May move orders on: the permission that Django names "change order"."""
        return request.user.has_perm("orders.change_order")

    @admin.action(description="Cancel the selected orders", permissions=["manage"])
    def cancel(self, request: HttpRequest, orders: QuerySet[Order]) -> None:
        done = {
            order.number: operations.cancel_order(
                order_id=order.pk, by="staff", reason="Cancelled by staff."
            )
            for order in orders
        }
        self._report(request, done, "cancelled")

    @admin.action(description="Ship the selected orders", permissions=["manage"])
    def ship(self, request: HttpRequest, orders: QuerySet[Order]) -> HttpResponse | None:
        form = ShipForm(request.POST if "apply" in request.POST else None)
        if not form.is_valid():
            context = self.admin_site.each_context(request)
            context |= {"title": "Ship orders", "orders": orders, "form": form, "opts": self.opts}
            return TemplateResponse(request, "orders/admin_ship.html", context)
        done = {
            order.number: operations.ship_order(order_id=order.pk, **form.cleaned_data)
            for order in orders
        }
        self._report(request, done, "shipped")
        return None

    @admin.action(description="Mark the selected orders as delivered", permissions=["manage"])
    def deliver(self, request: HttpRequest, orders: QuerySet[Order]) -> None:
        done = {order.number: operations.deliver_order(order_id=order.pk) for order in orders}
        self._report(request, done, "delivered")

    def _report(self, request: HttpRequest, done: dict[str, bool], verb: str) -> None:
        if moved := [number for number, ok in done.items() if ok]:
            self.message_user(request, f"{verb.capitalize()}: {', '.join(moved)}.")
        if refused := [number for number, ok in done.items() if not ok]:
            text = f"Could not be {verb} in their status: {', '.join(refused)}."
            self.message_user(request, text, messages.WARNING)


@admin.register(StatusChange)
class StatusChangeAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ["order", "from_status", "to_status", "by", "at"]
    list_select_related = ["order"]
    search_fields = ["order__number"]


@admin.register(TimelineEntry)
class TimelineEntryAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ["order", "kind", "at"]
    list_select_related = ["order"]
    search_fields = ["order__number", "=event_id"]


@admin.register(OrderLine)
class OrderLineAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ["order", "sku", "title", "quantity", "unit_price"]
    list_select_related = ["order"]
    search_fields = ["sku", "order__number"]


@admin.register(Price)
class PriceAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ["sku", "price", "version", "active"]
    search_fields = ["sku"]


@admin.register(IdempotencyKey)
class IdempotencyKeyAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ["request", "key", "status", "created_at"]
    fields = ["owner", "request", "key", "fingerprint", "status", "created_at"]  # no stored answer
    search_fields = ["key"]
