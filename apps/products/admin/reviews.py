"""Moderation: staff read what buyers wrote and decide."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ActionForm
from django.db.models import QuerySet
from django.http import HttpRequest

from apps.products import operations
from apps.products.admin.base import ReadOnly
from apps.products.models import Decision, Review


class WithReason(ActionForm):
    """The actions of the list, with a reason that is kept."""

    reason = forms.CharField(required=False, max_length=200)


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
        reason = request.POST.get("reason", "")[:200]
        done = [
            operations.approve_review(review=review.pk, by=_name_of(request), reason=reason)
            for review in _in_turn(chosen)
        ]
        messages.success(request, f"{sum(done)} of {len(done)} approved.")

    @admin.action(description="Reject the selected reviews", permissions=["change"])
    def reject(self, request: HttpRequest, chosen: QuerySet[Review]) -> None:
        reason = request.POST.get("reason", "")[:200]
        done = [
            operations.reject_review(review=review.pk, by=_name_of(request), reason=reason)
            for review in _in_turn(chosen)
        ]
        messages.success(request, f"{sum(done)} of {len(done)} rejected.")


def _in_turn(chosen: QuerySet[Review]) -> QuerySet[Review]:
    """By product, as everybody who changes several locks them."""
    return chosen.order_by("product_id", "pk")


def _name_of(request: HttpRequest) -> str:
    return f"user:{request.user.pk}"
