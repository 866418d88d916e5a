from typing import Any

from django.contrib.auth import password_validation
from django.core.exceptions import ValidationError as InvalidPassword
from rest_framework import serializers

from apps.users.countries import COUNTRIES
from apps.users.forms import PASSWORD_MAX
from apps.users.models import Address, User


def check_password(password: str, *, user: User) -> None:
    """Raises ValidationError when it is no good password for that user."""
    try:
        password_validation.validate_password(password, user=user)
    except InvalidPassword as error:
        raise serializers.ValidationError({"password": error.messages}) from error


class Password(serializers.CharField):
    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=PASSWORD_MAX, trim_whitespace=False, **options)


class SignUp(serializers.Serializer):
    """Whether the address has an account already is no error: the answer must not tell."""

    email = serializers.EmailField(max_length=254)
    password = Password(write_only=True)
    name = serializers.CharField(max_length=150, required=False, allow_blank=True, default="")

    def validate(self, data: dict[str, Any]) -> dict[str, Any]:
        check_password(data["password"], user=User(email=data["email"], name=data["name"]))
        return data


class Credentials(serializers.Serializer):
    email = serializers.CharField(max_length=254)
    password = Password()


class Refresh(serializers.Serializer):
    refresh = serializers.CharField(max_length=4096)


class Account(serializers.Serializer):
    email = serializers.EmailField()
    name = serializers.CharField(allow_blank=True)


class TokenPair(serializers.Serializer):
    """`access` goes with every call, `refresh` buys the next pair, once."""

    access = serializers.CharField()
    refresh = serializers.CharField()


class Me(serializers.ModelSerializer):
    email_verified = serializers.SerializerMethodField()

    class Meta:
        model = User
        fields = ("id", "email", "email_verified", "name", "is_staff")
        read_only_fields = ("id", "email", "is_staff")

    def get_email_verified(self, user: User) -> bool:
        """Whether the address was shown to be the user's."""
        return user.email_verified_at is not None


class Email(serializers.Serializer):
    email = serializers.EmailField(max_length=254)


class Verified(serializers.Serializer):
    email = serializers.EmailField()
    email_verified = serializers.BooleanField()


class Token(serializers.Serializer):
    token = serializers.CharField(max_length=200)


class NewPassword(Token):
    """A new password by a link that was mailed; `token` is the last part of its path."""

    password = Password(write_only=True)


class ChangedPassword(serializers.Serializer):
    current_password = Password(write_only=True)
    password = Password(write_only=True)


class ChangedEmail(Email):
    current_password = Password(write_only=True)


class AddressSerializer(serializers.ModelSerializer):
    country = serializers.ChoiceField(choices=list(COUNTRIES))

    class Meta:
        model = Address
        fields = (
            "id",
            "name",
            "line1",
            "line2",
            "postcode",
            "city",
            "country",
            "is_default",
        )
