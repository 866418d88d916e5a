from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.text import Truncator

from apps.notifications import operations, queries
from apps.notifications.models import (
    MailboxMessage,
    Notification,
    OptOut,
    OrderInfo,
    Refund,
    Resend,
)

Ask = Callable[..., bool]


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
    """The log of mails. A mail of an order leads to all mails of that order."""

    list_display = (
        "created_at",
        "kind",
        "recipient",
        "subject",
        "of_order",
        "outcome",
        "attempts",
        "last_error",
        "sent_at",
    )
    list_filter = ("state", "kind")
    search_fields = ("recipient", "subject", "order_id", "whose")
    search_help_text = "An address, a number or id of an order, words of the subject"
    ordering = ("-created_at",)
    inlines = (ResendInline,)
    actions = ("retry", "resend")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Notification]:
        return queries.with_order_number(super().get_queryset(request))

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Notification], search_term: str
    ) -> tuple[QuerySet[Notification], bool]:
        """An order is looked for by its number, too."""
        found, doubled = super().get_search_results(request, queryset, search_term)
        number = search_term.strip()
        return (found | queries.of_number(queryset, number) if number else found), doubled

    def get_exclude(self, request: HttpRequest, obj: Notification | None = None) -> Any:
        """A link by which somebody can act for another is not for staff to see."""
        return ("text", "html") if obj and obj.has_secret else ()

    @admin.display(description="state", ordering="state")
    def outcome(self, notification: Notification) -> Any:
        """A mail whose attempt died says so, long after "being sent" has stopped being true."""
        held = Notification.State.HELD.label
        return held if notification.is_unknown else notification.get_state_display()

    @admin.display(description="order", ordering="order_number")
    def of_order(self, notification: Notification) -> Any:
        if notification.order_id is None:
            return ""
        number = getattr(notification, "order_number", None) or notification.order_id
        return format_html(
            '<a class="nowrap" href="?order_id={}">{}</a>', notification.order_id, number
        )

    @admin.display(description="error")
    def last_error(self, notification: Notification) -> str:
        return Truncator(notification.error).chars(80)

    def has_resend_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("notifications.change_notification")

    @admin.action(description="Retry what was not sent", permissions=["resend"])
    def retry(self, request: HttpRequest, chosen: QuerySet[Notification]) -> None:
        self._ask(request, chosen, operations.retry, "sent already, or never tried")

    @admin.action(description="Resend", permissions=["resend"])
    def resend(self, request: HttpRequest, chosen: QuerySet[Notification]) -> None:
        self._ask(request, chosen, operations.resend, "not wanted, or with a link that is gone")

    def _ask(
        self, request: HttpRequest, chosen: QuerySet[Notification], ask: Ask, reasons: str
    ) -> None:
        """Once for each; who asked is kept beside the mail and in the admin's own history."""
        asked = []
        for notification in chosen:
            asked.append(ask(notification_id=notification.pk, by=str(request.user.pk)))
            if asked[-1]:
                self.log_change(request, notification, f"{ask.__name__.capitalize()} asked for.")
        self.message_user(request, f"{sum(asked)} will be sent again.")
        if not all(asked):
            left = f"{asked.count(False)} left alone: being sent at this moment, {reasons}."
            self.message_user(request, left, messages.WARNING)


@admin.register(OptOut)
class OptOutAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ("whose", "kind", "at")
    list_filter = ("kind",)
    search_fields = ("whose",)


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
