"""Payments for staff to look at; every change is an operation's."""

from typing import Any
from uuid import uuid4

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template import Context, Template
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from apps.payments import operations, queries
from apps.payments.forms import RefundForm
from apps.payments.models import (
    GatewayCard,
    GatewayCharge,
    GatewayRefund,
    GatewayWebhook,
    Payment,
    PaymentMethod,
    ReceivedWebhook,
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
    fields = ["amount", "status", "cause", "reason", "by", "failure", "created_at"]
    readonly_fields = ["created_at"]


@admin.register(Payment)
class PaymentAdmin(ReadOnly, admin.ModelAdmin):
    list_display = [
        "order",
        "status",
        "amount",
        "currency",
        "captured_amount",
        "refunded_amount",
        "refundable",
        "brand",
        "last4",
        "created_at",
    ]
    list_filter = ["status", "refunds__status", "failure_code", "decline_code"]
    search_fields = ["order_number", "order_id", "gateway_key", "owner"]
    exclude = ["token_hash", "challenge"]  # whoever has the challenge can answer it
    readonly_fields = ["kept", "refundable", "gateway_log"]
    inlines = [RefundInline]
    actions = ["give_back"]

    @admin.display(ordering="order_number")
    def order(self, payment: Payment) -> SafeString:
        return format_html('<span class="nowrap">{}</span>', payment.order_name)

    def has_refund_permission(self, request: HttpRequest) -> bool:
        """May give money back."""
        return request.user.has_perm("payments.refund_payment")

    @admin.display(description="gateway's log")
    def gateway_log(self, payment: Payment) -> SafeString:
        """What the gateway did and said, oldest first."""
        lines = [
            (f"{timezone.localtime(line.at):%Y-%m-%d %H:%M:%S}", line.what, line.status, line.key)
            for line in queries.gateway_log(payment)
        ]
        return format_html("<ul>{}</ul>", format_html_join("", "<li>{} {}: {} ({})</li>", lines))

    @admin.action(description="Give money back", permissions=["refund"])
    def give_back(self, request: HttpRequest, payments: QuerySet[Payment]) -> HttpResponse | None:
        """Ask for amount and reason, then give back of the one payment that is selected."""
        if payments.count() != 1:
            self.message_user(request, "Select one payment to give back of.", messages.ERROR)
            return None
        payment = payments.get()
        asked = "apply" in request.POST
        first = {"amount": payment.refundable, "key": uuid4().hex}
        form = RefundForm(request.POST) if asked else RefundForm(initial=first)
        if form.is_valid() and self._give_back(request, payment, form):
            return None
        context = self.admin_site.each_context(request)
        context |= {"title": "Give money back", "payment": payment, "form": form, "opts": self.opts}
        return TemplateResponse(request, "payments/admin_refund.html", context)

    def _give_back(self, request: HttpRequest, payment: Payment, form: RefundForm) -> bool:
        try:
            refund = operations.refund_payment(
                order_id=payment.order_id, by=f"user:{request.user.pk}", **form.cleaned_data
            )
        except operations.RefundRefused as refusal:
            form.add_error(None, str(refusal))
            return False
        amount = Template("{{ amount|money:currency }}").render(
            Context({"amount": refund.amount, "currency": payment.currency})
        )
        told = f"{amount} asked to be given back: {refund.reason}"
        self.log_change(request, payment, told)
        self.message_user(request, told, messages.SUCCESS)
        return True


@admin.register(Refund)
class RefundAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ["payment", "amount", "status", "cause", "reason", "by", "created_at"]
    list_filter = ["status", "cause"]
    list_select_related = ["payment"]
    search_fields = ["payment__order_number", "payment__order_id", "gateway_key"]


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
    list_display = ["key", "card", "amount", "currency", "status", "decline_code", "created_at"]
    list_filter = ["status", "told"]
    list_select_related = ["card"]
    search_fields = ["key", "reference"]
    exclude = ["challenge"]


@admin.register(GatewayRefund)
class GatewayRefundAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ["key", "charge", "amount", "status", "told", "created_at"]
    list_filter = ["status", "told"]
    list_select_related = ["charge"]
    search_fields = ["key", "reference"]


@admin.register(GatewayWebhook)
class GatewayWebhookAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ["key", "version", "sent", "created_at"]
    search_fields = ["key"]


@admin.register(ReceivedWebhook)
class ReceivedWebhookAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ["event_id", "kind", "status", "result", "deliveries", "key", "received_at"]
    list_filter = ["result", "kind", "status"]
    search_fields = ["event_id", "key"]
