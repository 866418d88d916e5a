from dataclasses import asdict
from typing import cast

from django.contrib.auth import authenticate
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import status
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.users import operations
from apps.users.api.reading import PublicView, valid
from apps.users.api.serializers import Account, Credentials, Me, Refresh, SignUp, TokenPair
from apps.users.models import User
from apps.users.throttling import SIGNING_IN, MailThrottle
from apps.users.tokens import TokenRefused

NOT_VALID = OpenApiResponse(description="What was sent is not good, or not any more.")


class UsersView(PublicView):
    throttle_classes = (MailThrottle,)

    @extend_schema(request=SignUp, responses={201: Account})
    def post(self, request: Request) -> Response:
        """Sign up. A taken address is answered like a new one and changes nothing."""
        form = valid(SignUp, request)
        operations.register_user(**form)
        return Response(
            {"email": form["email"], "name": form["name"]}, status=status.HTTP_201_CREATED
        )


class TokenView(PublicView):
    throttle_classes = SIGNING_IN

    @extend_schema(request=Credentials, responses={200: TokenPair, 401: NOT_VALID})
    def post(self, request: Request) -> Response:
        """Sign in: an access token and a refresh token."""
        form = valid(Credentials, request)
        user = authenticate(request, username=form["email"], password=form["password"])
        if not isinstance(user, User):
            raise AuthenticationFailed("No account with that e-mail and password.", "no_account")
        return Response(asdict(operations.start_family(user=user)))


class RefreshView(PublicView):
    @extend_schema(request=Refresh, responses={200: TokenPair, 401: NOT_VALID})
    def post(self, request: Request) -> Response:
        """The next pair of tokens for a refresh token, which is then used up."""
        form = valid(Refresh, request)
        try:
            return Response(asdict(operations.rotate_tokens(refresh=form["refresh"])))
        except TokenRefused as error:
            raise _not_valid() from error


class LogoutView(PublicView):
    @extend_schema(request=Refresh, responses={204: None, 401: NOT_VALID})
    def post(self, request: Request) -> Response:
        """Sign out: the refresh token and all that follow from it are worth nothing."""
        form = valid(Refresh, request)
        try:
            operations.end_family(refresh=form["refresh"])
        except TokenRefused as error:
            raise _not_valid() from error
        return Response(status=status.HTTP_204_NO_CONTENT)


@extend_schema(responses=Me)
class MeView(APIView):
    def get(self, request: Request) -> Response:
        """Who the access token stands for."""
        return Response(Me(request.user).data)

    @extend_schema(request=Me)
    def patch(self, request: Request) -> Response:
        """Change the name; other fields are not for the user to change and are ignored."""
        user = cast(User, request.user)  # nobody else gets past IsAuthenticated
        form = Me(user, data=request.data, partial=True)
        form.is_valid(raise_exception=True)
        name = form.validated_data.get("name", user.name)
        operations.rename_user(user_id=user.pk, name=name)
        return Response({**Me(user).data, "name": name})


def _not_valid() -> AuthenticationFailed:
    return AuthenticationFailed(
        "The token is not valid any more: sign in again.", "token_not_valid"
    )
