from typing import Any

from django.contrib.auth import password_validation
from django.core.exceptions import ValidationError as InvalidPassword
from rest_framework import serializers

from apps.users.forms import PASSWORD_MAX
from apps.users.models import User


class SignUp(serializers.Serializer):
    """Whether the address has an account already is no error: the answer must not tell."""

    email = serializers.EmailField(max_length=254)
    password = serializers.CharField(
        max_length=PASSWORD_MAX, trim_whitespace=False, write_only=True
    )
    name = serializers.CharField(max_length=150, required=False, allow_blank=True, default="")

    def validate(self, data: dict[str, Any]) -> dict[str, Any]:
        user = User(email=data["email"], name=data["name"])
        try:
            password_validation.validate_password(data["password"], user=user)
        except InvalidPassword as error:
            raise serializers.ValidationError({"password": error.messages}) from error
        return data


class Credentials(serializers.Serializer):
    email = serializers.CharField(max_length=254)
    password = serializers.CharField(max_length=PASSWORD_MAX, trim_whitespace=False)


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
    class Meta:
        model = User
        fields = ("id", "email", "name", "is_staff")
        read_only_fields = ("id", "email", "is_staff")
