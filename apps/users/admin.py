from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.forms import AdminPasswordChangeForm, AdminUserCreationForm
from django.db.models import Model, QuerySet
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from apps.users import operations
from apps.users.models import Address, Link, TokenFamily, User
from apps.users.throttling import SIGNING_IN, told_to_wait


class ReadOnly:
    """Rows to look at: they belong to operations."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class NewUserForm(AdminUserCreationForm):
    class Meta:
        model = User
        fields = ("email", "name")


class StaffPasswordForm(AdminPasswordChangeForm):
    """A password that staff set for somebody, or take away."""

    def save(self, commit: bool = True) -> User:
        usable = self.cleaned_data["set_usable_password"]
        password = self.cleaned_data["password1"] if usable else None
        user = operations.change_password(user_id=self.user.pk, password=password)
        self.user = user  # the admin goes on with it
        return user


@admin.register(User)
class UserAdmin(DjangoUserAdmin):
    """Django's own, by e-mail. Only superusers hand out rights, or staff could give themselves
    all of them."""

    add_form = NewUserForm
    change_password_form = StaffPasswordForm
    ordering = ("email",)
    list_display = ("email", "name", "is_verified", "is_staff", "is_active", "date_joined")
    list_filter = ("is_staff", "is_superuser", "is_active")
    search_fields = ("email", "name", "id")
    readonly_fields = ("id", "email_verified_at", "last_login", "date_joined")
    fieldsets = (
        (None, {"fields": ("id", "email", "email_verified_at", "name", "password")}),
        (
            "Permissions",
            {"fields": ("is_active", "is_staff", "is_superuser", "groups", "user_permissions")},
        ),
        ("Dates", {"fields": ("last_login", "date_joined")}),
    )
    add_fieldsets = (
        (
            None,
            {
                "classes": ("wide",),
                "fields": ("email", "name", "usable_password", "password1", "password2"),
            },
        ),
    )

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> Any:
        rights = ("is_staff", "is_superuser", "groups", "user_permissions")
        own = super().get_readonly_fields(request, obj)
        return own if request.user.is_superuser else (*own, *rights)

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Of staff, only superusers change others: a new password or address is a way in."""
        may = super().has_change_permission(request, obj)
        above = obj is not None and (obj.is_staff or obj.is_superuser) and obj != request.user
        return may and (request.user.is_superuser or not above)

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return False  # other contexts keep the id: deactivate instead

    @admin.display(description="verified", boolean=True)
    def is_verified(self, user: User) -> bool:
        return user.email_verified_at is not None

    def save_model(self, request: HttpRequest, obj: User, form: ModelForm, change: bool) -> None:
        """Another address is not proven, and the old one is told."""
        if not change:
            operations.add_user(user=obj)
            return
        wanted, obj.email = obj.email, form.initial.get("email", obj.email)
        super().save_model(request, obj, form, change)
        operations.replace_email(user_id=obj.pk, email=wanted)


@admin.register(Address)
class AddressAdmin(ReadOnly, admin.ModelAdmin):
    """To look at: the address book is its owner's."""

    list_display = ("user", "name", "city", "country", "is_default")
    list_select_related = ("user",)
    search_fields = ("user__email", "name", "city")


@admin.register(Link)
class LinkAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ("user", "purpose", "email", "created_at", "expires_at", "used_at")
    list_filter = ("purpose",)
    list_select_related = ("user",)
    search_fields = ("user__email", "email")
    exclude = ("digest",)


@admin.register(TokenFamily)
class TokenFamilyAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ("user", "created_at", "rotated_at", "expires_at", "revoked_at")
    list_select_related = ("user",)
    search_fields = ("user__email",)
    exclude = ("current", "previous", "password_mark")
    actions = ("sign_out",)

    def has_sign_out_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("users.change_tokenfamily")

    @admin.action(description="Sign these clients out", permissions=["sign_out"])
    def sign_out(self, request: HttpRequest, families: QuerySet[TokenFamily]) -> None:
        ended = sum(operations.revoke_family(family_id=family.pk) for family in families)
        self.message_user(request, f"{ended} signed out.")


def sign_in(request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
    """The admin's own page, with the tries of passwords counted as everywhere."""
    refusal = told_to_wait(request, *SIGNING_IN) if request.method == "POST" else None
    return refusal or admins_own(request, extra_context)


def change_password(
    request: HttpRequest, extra_context: dict[str, Any] | None = None
) -> HttpResponse:
    """One page for everybody: it ends what was begun with the old password."""
    return redirect("users:change_password")


admins_own = admin.site.login
admin.site.login = sign_in  # type: ignore[method-assign]
admin.site.password_change = change_password  # type: ignore[assignment, method-assign]
