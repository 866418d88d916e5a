"""Who people are, where they live, and how long their API clients stay signed in."""

from hashlib import sha256
from typing import Any, ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone
from uuid_utils.compat import uuid7

from apps.users.countries import COUNTRIES


def normal(email: str) -> str:
    """The address as it is stored and compared: Ada@Example.com and ada@example.com are one."""
    return email.strip().lower()


def digest_of(token: str) -> str:
    """What the tables know of a link's token. Any text may be asked about."""
    return sha256(token.encode(errors="replace")).hexdigest()


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
    # When the address was shown to be theirs; another address has to be shown anew.
    email_verified_at = models.DateTimeField("verified", null=True, blank=True)
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


class Link(models.Model):
    """A link that was mailed to somebody, good once and for a while.

    Whoever has it can do what it is for, so the table has only a hash of its token: reading the
    table is not enough. Its row is the arbiter: whoever sets `used_at` has followed it.
    """

    class Purpose(models.TextChoices):
        VERIFICATION = "verification", "show that an address is theirs"
        RESET = "reset", "set a new password"

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="links")
    purpose = models.CharField(max_length=12, choices=Purpose)
    email = models.EmailField(max_length=254)  # where it went; perhaps not the user's own yet
    digest = models.CharField(max_length=64, unique=True)  # SHA-256 of the token, in hex
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)  # or when it stopped being good

    class Meta:
        indexes = [models.Index(fields=["user", "purpose", "created_at"], name="users_link_asked")]

    def __str__(self) -> str:
        return f"{self.purpose} of {self.created_at:%Y-%m-%d %H:%M}"


class Address(models.Model):
    """Where somebody has parcels sent. Orders keep their own copy, so it may change and go."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="addresses")
    name = models.CharField(max_length=120)  # who gets the parcel
    line1 = models.CharField(max_length=200)
    line2 = models.CharField(max_length=200, blank=True)
    postcode = models.CharField(max_length=20)
    city = models.CharField(max_length=120)
    country = models.CharField(max_length=2)  # ISO 3166-1 alpha-2
    is_default = models.BooleanField(default=False)  # offered first
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name_plural = "addresses"
        constraints = [
            models.UniqueConstraint(
                fields=["user"],
                condition=models.Q(is_default=True),
                name="users_address_one_default",
            )
        ]

    def __str__(self) -> str:
        return f"{self.name}, {self.city}"

    @property
    def country_name(self) -> str:
        return COUNTRIES.get(self.country, self.country)

    @property
    def fields(self) -> list[tuple[str, str]]:
        """What goes on a parcel, by name, as a checkout asks for it."""
        names = ("name", "line1", "line2", "city", "postcode", "country")
        return [(name, getattr(self, name)) for name in names]


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
