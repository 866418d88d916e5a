from typing import Any

from django.contrib import admin, messages
from django.db.models import Model, QuerySet
from django.http import HttpRequest

from apps.notifications import operations
from apps.notifications.models import MailboxMessage, Notification, OrderInfo, Refund, Resend


class ReadOnly:
    """These rows belong to operations: staff look at them."""

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class ResendInline(ReadOnly, admin.TabularInline):
    model = Resend
    extra = 0


@admin.register(Notification)
class NotificationAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ("created_at", "kind", "recipient", "subject", "outcome", "attempts", "sent_at")
    list_filter = ("state", "kind")
    search_fields = ("recipient", "subject", "order_id")
    ordering = ("-created_at",)
    inlines = (ResendInline,)
    actions = ("resend",)

    @admin.display(description="state", ordering="state")
    def outcome(self, notification: Notification) -> Any:
        """A mail whose attempt died says so, long after "being sent" has stopped being true."""
        held = Notification.State.HELD.label
        return held if notification.is_unknown else notification.get_state_display()

    def has_resend_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("notifications.change_notification")

    @admin.action(description="Resend", permissions=["resend"])
    def resend(self, request: HttpRequest, chosen: QuerySet[Notification]) -> None:
        asked = [
            operations.resend(notification_id=pk, by=str(request.user.pk))
            for pk in chosen.values_list("pk", flat=True)
        ]
        self.message_user(request, f"{sum(asked)} will be sent again.")
        if not all(asked):
            left = f"{asked.count(False)} left alone: being sent at this moment."
            self.message_user(request, left, messages.WARNING)


@admin.register(OrderInfo)
class OrderInfoAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ("number", "email", "total", "currency")
    search_fields = ("number", "email", "order_id")


@admin.register(Refund)
class RefundAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ("order_id", "amount", "total_refunded", "currency")
    search_fields = ("order_id",)


@admin.register(MailboxMessage)
class MailboxMessageAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ("created_at", "recipients", "subject")
    search_fields = ("recipients", "subject")
    ordering = ("-id",)


@admin.register(Resend)
class ResendAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ("notification", "by", "before", "at")
    list_select_related = ("notification",)
    search_fields = ("by",)
