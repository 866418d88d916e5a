"""Who people are, and how long their API clients stay signed in."""

from typing import Any, ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone
from uuid_utils.compat import uuid7


def normal(email: str) -> str:
    """The address as it is stored and compared: Ada@Example.com and ada@example.com are one."""
    return email.strip().lower()


class UserManager(BaseUserManager["User"]):
    """Creates and finds users by e-mail address."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """A user who signs in with `email`, stored in lower case; raises ValueError without one."""
        if not email:
            raise ValueError("A user needs an e-mail address.")
        user = self.model(email=normal(email), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """A user who may do everything in the admin."""
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)

    def get_by_natural_key(self, username: str | None) -> "User":
        """The user with that e-mail address in any case; how every sign-in finds its user."""
        return self.get(email=normal(username or ""))


class User(AbstractBaseUser, PermissionsMixin):
    """A shopper or a member of staff."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    email = models.EmailField("e-mail", unique=True)  # lower case, so unique in any case
    name = models.CharField(max_length=150, blank=True)
    is_staff = models.BooleanField("staff", default=False, help_text="May use the admin.")
    is_active = models.BooleanField(
        "active", default=True, help_text="Unset it instead of deleting: orders name their user."
    )
    date_joined = models.DateTimeField(default=timezone.now)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(email=Lower("email")), name="users_user_email_lower_case"
            )
        ]

    def __str__(self) -> str:
        return self.email

    def clean(self) -> None:
        super().clean()
        self.email = normal(self.email)

    def get_full_name(self) -> str:
        return self.name or self.email

    def get_short_name(self) -> str:
        return self.name or self.email


class TokenFamily(models.Model):
    """One sign-in of an API client: the chain of refresh tokens that began there.

    Only the newest token of the chain is good. Its row is the arbiter of a refresh: whoever
    moves `current` on has won.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="token_families")
    current = models.CharField(max_length=32)  # id (jti) of the one token that may be used
    previous = models.CharField(max_length=32, blank=True)  # the one before it
    password_mark = models.CharField(max_length=64)  # a new password ends the family
    created_at = models.DateTimeField(default=timezone.now)
    rotated_at = models.DateTimeField(default=timezone.now)  # when `current` was issued
    expires_at = models.DateTimeField(db_index=True)  # of the current token
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "token families"

    def __str__(self) -> str:
        return f"Sign-in of {self.created_at:%Y-%m-%d %H:%M}"
