"""Payments for staff to look at; every change is an operation's."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from apps.payments.models import (
    GatewayCard,
    GatewayCharge,
    GatewayRefund,
    Payment,
    PaymentMethod,
    Refund,
)


class ReadOnly:
    """Nobody adds, changes or deletes here."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class RefundInline(ReadOnly, admin.TabularInline):
    model = Refund
    fields = ["amount", "status", "cause", "created_at"]
    readonly_fields = ["created_at"]


@admin.register(Payment)
class PaymentAdmin(ReadOnly, admin.ModelAdmin):
    list_display = [
        "order_id",
        "status",
        "amount",
        "currency",
        "captured_amount",
        "refunded_amount",
        "brand",
        "last4",
        "created_at",
    ]
    list_filter = ["status", "decline_code"]
    search_fields = ["order_id", "gateway_key", "owner"]
    inlines = [RefundInline]


@admin.register(Refund)
class RefundAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ["payment", "amount", "status", "cause", "created_at"]
    list_filter = ["status", "cause"]
    list_select_related = ["payment"]
    search_fields = ["payment__order_id", "gateway_key"]


@admin.register(PaymentMethod)
class PaymentMethodAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ["brand", "last4", "owner", "created_at", "expires_at", "used_by_order"]
    search_fields = ["owner", "used_by_order"]
    exclude = ["token_hash"]


@admin.register(GatewayCard)
class GatewayCardAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ["brand", "last4", "exp_month", "exp_year", "behaviour"]


@admin.register(GatewayCharge)
class GatewayChargeAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ["key", "card", "amount", "currency", "code", "decline_code", "created_at"]
    list_select_related = ["card"]
    search_fields = ["key"]


@admin.register(GatewayRefund)
class GatewayRefundAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ["key", "charge", "amount", "created_at"]
    list_select_related = ["charge"]
    search_fields = ["key"]
