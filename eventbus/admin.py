"""The bus in the admin: everything to look at, one thing to do. State belongs to the bus."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from eventbus import operating
from eventbus.models import (
    Cluster,
    Cursor,
    Erased,
    Event,
    Intervention,
    Parked,
    PausedKey,
    Rebuild,
    Scheduled,
    Tick,
)


class ReadOnly(admin.ModelAdmin):
    """Rows that only the bus writes."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Event)
class EventAdmin(ReadOnly):
    list_display = ("id", "name", "version", "key", "occurred_at")
    list_filter = ("source", "name")
    search_fields = ("=key", "=event_id")
    ordering = ("-id",)
    show_full_result_count = False  # the log grows for ever; counting it does not help anybody


@admin.register(Cursor)
class CursorAdmin(ReadOnly):
    list_display = ("subscriber", "lo", "hi", "pos", "paused", "moved_at")


@admin.register(Parked)
class ParkedAdmin(ReadOnly):
    list_display = ("subscriber", "name", "key", "state", "attempts", "next_at", "parked_at")
    list_filter = ("state", "subscriber", "name")
    search_fields = ("=key", "=event_id", "error")
    ordering = ("parked_at",)
    actions = ("retry",)

    def has_retry_permission(self, request: HttpRequest) -> bool:
        """Who may change parked events may retry them, though not by hand."""
        return request.user.has_perm("eventbus.change_parked")

    @admin.action(description="Retry the dead letters among them", permissions=["retry"])
    def retry(self, request: HttpRequest, queryset: QuerySet[Parked]) -> None:
        dead = list(queryset.filter(state=Parked.State.DEAD).values_list("pk", flat=True))
        count = operating.retry_dead(dead) if dead else 0
        level = messages.SUCCESS if count else messages.WARNING
        self.message_user(request, f"{count} to be tried again.", level)


@admin.register(Scheduled)
class ScheduledAdmin(ReadOnly):
    list_display = ("name", "key", "due_at")
    list_filter = ("name",)
    search_fields = ("=key",)


@admin.register(Tick)
class TickAdmin(ReadOnly):
    list_display = ("id", "created_at")
    ordering = ("-id",)


@admin.register(PausedKey)
class PausedKeyAdmin(ReadOnly):
    list_display = ("subscriber", "source", "key", "paused_at")
    list_filter = ("subscriber",)
    search_fields = ("=key",)


@admin.register(Rebuild)
class RebuildAdmin(ReadOnly):
    list_display = ("cursor", "pos", "started_at")
    list_select_related = ("cursor",)


@admin.register(Intervention)
class InterventionAdmin(ReadOnly):
    list_display = ("at", "act", "subscriber", "key", "by", "reason")
    list_filter = ("act", "subscriber")
    search_fields = ("=key", "=event_id", "=by")
    ordering = ("-id",)


@admin.register(Erased)
class ErasedAdmin(ReadOnly):
    list_display = ("subject", "erased_at")
    search_fields = ("=subject",)


@admin.register(Cluster)
class ClusterAdmin(ReadOnly):
    list_display = ("identifier", "since")
