"""Orders for staff: read everything, change only by the operations."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from apps.orders import operations, queries
from apps.orders.access import owner_of
from apps.orders.forms import ShipForm
from apps.orders.models import (
    IdempotencyKey,
    Order,
    OrderLine,
    Price,
    StatusChange,
    TimelineEntry,
)
from apps.orders.transitions import Status, may_move


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


class NeedsYou(admin.SimpleListFilter):
    """The orders that a person has to see to."""

    title = "what needs you"
    parameter_name = "needs"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("refund", "Refund failed"), ("stuck", "Stuck")]

    def queryset(self, request: HttpRequest, orders: QuerySet[Order]) -> QuerySet[Order]:
        match self.value():
            case "refund":
                return orders.filter(queries.refund_failed())
            case "stuck":
                return orders.filter(pk__in=queries.stuck_orders().values("pk"))
        return orders


BUTTONS = {"cancel": Status.CANCELLED, "ship": Status.SHIPPED, "deliver": Status.DELIVERED}


def _actor(request: HttpRequest) -> str:
    return owner_of(request) or ""


@admin.register(Order)
class OrderAdmin(ReadOnly, admin.ModelAdmin):
    list_display = [
        *("in_one_line", "status", "email", "total", "refunded", "placed_at", "needs_you"),
    ]
    list_filter = [NeedsYou, "status", "placed_at", "country"]
    search_fields = ["number", "=id", "email", "name", "=cart_id", "=tracking", "lines__sku"]
    exclude = ["payment_method"]
    inlines = [Lines, History, Timeline]
    actions = ["cancel", "ship", "deliver"]
    change_form_template = "orders/admin_order.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Order]:
        orders: QuerySet[Order] = super().get_queryset(request)
        return orders.annotate(refund_failed=queries.refund_failed())

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """With a button for each way that the order may go."""
        order = context["original"]
        manages = self.has_manage_permission(request)
        may = {action for action, to in BUTTONS.items() if manages and may_move(order.status, to)}
        return super().render_change_form(request, context | {"may": may}, *args, **kwargs)

    @admin.display(description="number", ordering="number")
    def in_one_line(self, order: Order) -> SafeString:
        return format_html('<span class="nowrap">{}</span>', order.number)

    @admin.display(description="needs you")
    def needs_you(self, order: Any) -> str:
        return "refund failed" if order.refund_failed else ""

    def has_manage_permission(self, request: HttpRequest) -> bool:
        """May move orders on: the permission that Django names "change order"."""
        return request.user.has_perm("orders.change_order")

    @admin.action(description="Cancel the selected orders", permissions=["manage"])
    def cancel(self, request: HttpRequest, orders: QuerySet[Order]) -> None:
        done = {
            order.number: operations.cancel_order(
                order_id=order.pk, by="staff", actor=_actor(request)
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
            order.number: operations.ship_order(
                order_id=order.pk, actor=_actor(request), **form.cleaned_data
            )
            for order in orders
        }
        self._report(request, done, "shipped")
        return None

    @admin.action(description="Mark the selected orders as delivered", permissions=["manage"])
    def deliver(self, request: HttpRequest, orders: QuerySet[Order]) -> None:
        done = {
            order.number: operations.deliver_order(order_id=order.pk, actor=_actor(request))
            for order in orders
        }
        self._report(request, done, "delivered")

    def _report(self, request: HttpRequest, done: dict[str, bool], verb: str) -> None:
        if moved := [number for number, ok in done.items() if ok]:
            self.message_user(request, f"{verb.capitalize()}: {', '.join(moved)}.")
        if refused := [number for number, ok in done.items() if not ok]:
            text = f"Could not be {verb} in their status: {', '.join(refused)}."
            self.message_user(request, text, messages.WARNING)


@admin.register(StatusChange)
class StatusChangeAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ["order", "from_status", "to_status", "by", "actor", "at"]
    list_filter = ["by", "to_status"]
    list_select_related = ["order"]
    search_fields = ["order__number", "=actor"]


@admin.register(TimelineEntry)
class TimelineEntryAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ["order", "kind", "at"]
    list_filter = ["kind"]
    list_select_related = ["order"]
    search_fields = ["order__number", "=event_id"]


@admin.register(OrderLine)
class OrderLineAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ["order", "sku", "title", "quantity", "unit_price", "discount", "tax"]
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
