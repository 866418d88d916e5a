"""The bus in the admin: everything to look at, and what an operator does most. State belongs to
the bus: every change is an act of `eventbus.operating`, by whoever is signed in."""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from eventbus import operating
from eventbus.engines.measures import measures
from eventbus.errors import Refused
from eventbus.forms import Edit, Skip
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
from eventbus.operating.overview import COUNTED
from eventbus.registry import subscribers


class ReadOnly(admin.ModelAdmin):
    """Rows that only the bus writes."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_operate_permission(self, request: HttpRequest) -> bool:
        """Who may change such rows may act on them, though not by hand."""
        return request.user.has_perm(f"eventbus.change_{self.opts.model_name}")

    def each(self, request: HttpRequest, done: str, acts: Iterable[Callable[[], None]]) -> None:
        """Do the acts, and tell how many were `done` and which were refused, and why."""
        count = 0
        for act in acts:
            try:
                act()
                count += 1
            except Refused as error:
                self.message_user(request, str(error), messages.WARNING)
        if count:
            self.message_user(request, f"{count} {done}.")


@admin.register(Event)
class EventAdmin(ReadOnly):
    list_display = ("id", "name", "version", "key", "occurred_at")
    list_filter = ("source", "name")
    search_fields = ("=key", "=event_id")
    ordering = ("-id",)
    show_full_result_count = False  # the log grows for ever; counting it does not help anybody


@admin.register(Cursor)
class CursorAdmin(ReadOnly):
    list_display = ("subscriber", "lo", "hi", "behind", "paused", "stop_at", "moved_at")
    list_filter = ("subscriber",)
    ordering = ("subscriber", "lo")
    actions = ("pause", "resume")

    @admin.display(description=f"behind (at most {COUNTED})")
    def behind(self, cursor: Cursor) -> int | None:
        """How many events it has yet to read; unknown when the subscriber is not here."""
        here = subscribers.get(cursor.subscriber)
        return measures().unread(cursor, list(here.handlers), COUNTED)[0] if here else None

    @admin.action(description="Pause their subscribers", permissions=["operate"])
    def pause(self, request: HttpRequest, queryset: QuerySet[Cursor]) -> None:
        self._steer(request, queryset, operating.pause, "paused")

    @admin.action(description="Resume their subscribers", permissions=["operate"])
    def resume(self, request: HttpRequest, queryset: QuerySet[Cursor]) -> None:
        self._steer(request, queryset, operating.resume, "resumed")

    def _steer(
        self, request: HttpRequest, rows: QuerySet[Cursor], act: Callable[..., None], done: str
    ) -> None:
        names = sorted(set(rows.values_list("subscriber", flat=True)))
        who = request.user.get_username()
        self.each(request, done, [partial(act, name, by=who) for name in names])


@admin.register(Parked)
class ParkedAdmin(ReadOnly):
    list_display = ("subscriber", "name", "key", "state", "attempts", "next_at", "parked_at")
    list_filter = ("state", "subscriber", "name")
    search_fields = ("=key", "=event_id", "error")
    ordering = ("parked_at",)
    actions = ("retry", "skip", "edit")

    @admin.action(description="Retry the dead letters among them", permissions=["operate"])
    def retry(self, request: HttpRequest, queryset: QuerySet[Parked]) -> None:
        dead = list(queryset.filter(state=Parked.State.DEAD).values_list("pk", flat=True))
        count = 0
        if dead:
            count = operating.retry_dead(dead, by=request.user.get_username())
        level = messages.SUCCESS if count else messages.WARNING
        self.message_user(request, f"{count} to be tried again.", level)

    @admin.action(description="Skip them, with a reason", permissions=["operate"])
    def skip(self, request: HttpRequest, queryset: QuerySet[Parked]) -> HttpResponse | None:
        form = Skip(request.POST if "apply" in request.POST else None)
        if not form.is_valid():
            words = "These events will count as done, in every replay too:"
            return self._ask(request, form, queryset, action="skip", words=words)
        why = {"by": request.user.get_username(), "reason": form.cleaned_data["reason"]}
        rows = queryset.order_by("position")
        self.each(request, "skipped", [partial(operating.skip, row.pk, **why) for row in rows])
        return None

    @admin.action(description="Edit what the subscriber reads", permissions=["operate"])
    def edit(self, request: HttpRequest, queryset: QuerySet[Parked]) -> HttpResponse | None:
        if queryset.count() != 1:
            self.message_user(request, "Choose one event to edit.", messages.WARNING)
            return None
        row = queryset.get()
        form = Edit(
            request.POST if "apply" in request.POST else None, initial={"payload": row.payload}
        )
        if not form.is_valid():
            words = "The subscriber will read this instead of what the log says:"
            return self._ask(request, form, queryset, action="edit", words=words)
        edit = partial(operating.edit, row.pk, **form.cleaned_data)
        self.each(request, "edited", [partial(edit, by=request.user.get_username())])
        return None

    def _ask(
        self, request: HttpRequest, form: Skip, rows: QuerySet[Parked], *, action: str, words: str
    ) -> HttpResponse:
        context = self.admin_site.each_context(request)
        context |= {"title": action.capitalize(), "action": action, "words": words}
        context |= {"rows": rows, "form": form, "opts": self.opts}
        return TemplateResponse(request, "eventbus/admin_decide.html", context)


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
    actions = ("resume",)

    @admin.action(description="Resume them", permissions=["operate"])
    def resume(self, request: HttpRequest, queryset: QuerySet[PausedKey]) -> None:
        who = request.user.get_username()
        acts = [
            partial(operating.resume_key, row.subscriber, row.source, row.key, by=who)
            for row in queryset
        ]
        self.each(request, "resumed", acts)


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
