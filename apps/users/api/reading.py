"""What the API of users makes of a request, and how it refuses one."""

from typing import Any, cast

from rest_framework import status
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.serializers import Serializer
from rest_framework.views import APIView

from apps.users.models import User
from apps.users.operations import AddressTaken, LinkRefused, TooManyAddresses


class PublicView(APIView):
    """For clients without a good access token: one sent along is not looked at."""

    authentication_classes = ()
    permission_classes = (AllowAny,)

    def get_authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="api"'


class Refused(APIException):
    """An exception of operations, said in its docstring's words."""

    CAUSES = {
        LinkRefused: (status.HTTP_400_BAD_REQUEST, "link_not_good"),
        AddressTaken: (status.HTTP_409_CONFLICT, "address_taken"),
        TooManyAddresses: (status.HTTP_409_CONFLICT, "too_many_addresses"),
    }

    def __init__(self, cause: Exception) -> None:
        self.status_code, code = self.CAUSES[type(cause)]
        super().__init__(detail=cause.__doc__, code=code)


def valid(kind: type[Serializer], request: Request, **options: Any) -> dict[str, Any]:
    """What was sent, checked; raises ValidationError."""
    form = kind(data=request.data, **options)
    form.is_valid(raise_exception=True)
    data: dict[str, Any] = form.validated_data
    return data


def signed_in(request: Request) -> User:
    """Who asks; nobody else gets past IsAuthenticated."""
    return cast(User, request.user)


def prove(user: User, password: str) -> None:
    """Raises ValidationError unless it is the user's password."""
    if not user.check_password(password):
        raise ValidationError({"current_password": ["That is not your present password."]})
