"""Moderation: staff read what buyers wrote and decide."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ActionForm
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from apps.products import operations
from apps.products.admin.base import ReadOnly
from apps.products.models import Decision, Review


class WithReason(ActionForm):
    """The actions of the list, with a reason that is kept, and when the list was read."""

    reason = forms.CharField(required=False, max_length=200)
    read_at = forms.CharField(
        label="", widget=forms.HiddenInput, initial=lambda: timezone.now().isoformat()
    )


class DecisionForm(forms.ModelForm):
    """One decision, about the words that were on the page."""

    decision = forms.ChoiceField(
        choices=[("", "Leave it"), ("approve", "Approve"), ("reject", "Reject")], required=False
    )
    reason = forms.CharField(required=False, max_length=200)
    seen = forms.IntegerField(widget=forms.HiddenInput)  # version of the words

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["seen"].initial = self.instance.version


class DecisionInline(ReadOnly, admin.TabularInline):
    model = Decision
    fields = ["at", "status", "by", "reason", "version"]


@admin.register(Review)
class ReviewAdmin(admin.ModelAdmin):
    form = DecisionForm
    action_form = WithReason
    list_display = ["title", "product", "rating", "text", "author", "status", "changed_at"]
    list_filter = ["status", "rating"]
    list_select_related = ["product"]
    search_fields = ["title", "text", "product__title", "customer_id"]
    readonly_fields = [
        *("product", "rating", "title", "text", "author", "customer_id", "status"),
        *("version", "written_at", "changed_at"),
    ]
    fields = [*readonly_fields, "decision", "reason", "seen"]
    inlines = [DecisionInline]
    actions = ["approve", "reject"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(
        self, request: HttpRequest, obj: Review, form: forms.ModelForm, change: bool
    ) -> None:
        wanted = form.cleaned_data["decision"]
        facts = {
            "review": obj.pk,
            "by": _name_of(request),
            "reason": form.cleaned_data["reason"],
            "version": form.cleaned_data["seen"],
        }
        acts = {"approve": operations.approve_review, "reject": operations.reject_review}
        if wanted and not acts[wanted](**facts):
            messages.error(request, "Nothing was decided: look at the review as it is now.")

    @admin.action(description="Approve the selected reviews", permissions=["change"])
    def approve(self, request: HttpRequest, chosen: QuerySet[Review]) -> None:
        _decide(request, chosen, operations.approve_review, "approved")

    @admin.action(description="Reject the selected reviews", permissions=["change"])
    def reject(self, request: HttpRequest, chosen: QuerySet[Review]) -> None:
        _decide(request, chosen, operations.reject_review, "rejected")


def _decide(
    request: HttpRequest, chosen: QuerySet[Review], act: Callable[..., bool], word: str
) -> None:
    """About the words that were on the page: not about those that were written since."""
    reason = request.POST.get("reason", "")[:200]
    # By product, as everybody who changes several locks them.
    read = chosen.filter(changed_at__lte=_read_at(request)).order_by("product_id", "pk")
    done = [
        act(review=review.pk, by=_name_of(request), reason=reason, version=review.version)
        for review in read
    ]
    messages.success(request, f"{sum(done)} of {chosen.count()} {word}.")


def _read_at(request: HttpRequest) -> datetime:
    """When the list was read, as its page says; long ago if that is no time."""
    try:
        told = parse_datetime(request.POST.get("read_at", ""))
    except ValueError:
        told = None
    return told if told and told.tzinfo else datetime.min.replace(tzinfo=UTC)


def _name_of(request: HttpRequest) -> str:
    return f"user:{request.user.pk}"
