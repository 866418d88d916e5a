from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.forms import AdminUserCreationForm
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest

from apps.users import operations
from apps.users.models import TokenFamily, User


class NewUserForm(AdminUserCreationForm):
    class Meta:
        model = User
        fields = ("email", "name")


@admin.register(User)
class UserAdmin(DjangoUserAdmin):
    """Django's own, by e-mail. Only superusers hand out rights, or staff could give themselves
    all of them."""

    add_form = NewUserForm
    ordering = ("email",)
    list_display = ("email", "name", "is_staff", "is_active", "date_joined")
    list_filter = ("is_staff", "is_superuser", "is_active")
    search_fields = ("email", "name", "id")
    readonly_fields = ("id", "last_login", "date_joined")
    fieldsets = (
        (None, {"fields": ("id", "email", "name", "password")}),
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

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return False  # other contexts keep the id: deactivate instead

    def save_model(self, request: HttpRequest, obj: User, form: ModelForm, change: bool) -> None:
        if change:
            super().save_model(request, obj, form, change)
        else:
            operations.add_user(user=obj)


@admin.register(TokenFamily)
class TokenFamilyAdmin(admin.ModelAdmin):
    list_display = ("user", "created_at", "rotated_at", "expires_at", "revoked_at")
    list_select_related = ("user",)
    search_fields = ("user__email",)
    exclude = ("current", "previous", "password_mark")
    actions = ("sign_out",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: TokenFamily | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: TokenFamily | None = None) -> bool:
        return False

    def has_sign_out_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("users.change_tokenfamily")

    @admin.action(description="Sign these clients out", permissions=["sign_out"])
    def sign_out(self, request: HttpRequest, families: QuerySet[TokenFamily]) -> None:
        ended = sum(operations.revoke_family(family_id=family.pk) for family in families)
        self.message_user(request, f"{ended} signed out.")
