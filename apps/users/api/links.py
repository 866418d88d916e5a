"""Links that are mailed: asking for them, and confirming with the token of one."""

from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import status
from rest_framework.exceptions import Throttled, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.users import operations, queries
from apps.users.api.reading import PublicView, Refused, signed_in, valid
from apps.users.api.serializers import Email, NewPassword, Token, Verified, check_password
from apps.users.models import Link
from apps.users.operations import AddressTaken, LinkRefused
from apps.users.operations.linking import PAUSE
from apps.users.throttling import AccountThrottle, MailThrottle

NOT_GOOD = OpenApiResponse(description="The link was used, has expired, or a newer one counts.")
TAKEN = OpenApiResponse(description="The address belongs to another account.")


class VerificationView(APIView):
    throttle_classes = (MailThrottle,)

    @extend_schema(request=Email, responses={200: Verified, 202: Verified})
    def post(self, request: Request) -> Response:
        """Mail the link again that shows that the address is yours. `email` is the address as you
        know it; 200 when it is confirmed already."""
        user, email = signed_in(request), valid(Email, request)["email"]
        if email != user.email:
            raise ValidationError({"email": ["Your address is another one."]})
        if user.email_verified_at is not None:
            return Response({"email": email, "email_verified": True})
        if not operations.request_verification(user_id=user.pk):
            raise Throttled(wait=PAUSE.total_seconds())
        return Response({"email": email, "email_verified": False}, status=status.HTTP_202_ACCEPTED)


class VerificationConfirmView(PublicView):
    @extend_schema(request=Token, responses={200: Verified, 400: NOT_GOOD, 409: TAKEN})
    def post(self, request: Request) -> Response:
        """Show that an address is yours, by the token (the last part of the link's path)."""
        try:
            user = operations.verify_email(token=valid(Token, request)["token"])
        except (LinkRefused, AddressTaken) as error:
            raise Refused(error) from error
        return Response({"email": user.email, "email_verified": True})


class ResetView(PublicView):
    throttle_classes = (MailThrottle,)

    @extend_schema(request=Email, responses={202: Email})
    def post(self, request: Request) -> Response:
        """Mail a link to set a new password. Every address is answered alike, whether it has an
        account or not."""
        email = valid(Email, request)["email"]
        operations.ask_for_reset(email=email)
        return Response({"email": email}, status=status.HTTP_202_ACCEPTED)


class ResetConfirmView(PublicView):
    @extend_schema(request=NewPassword, responses={204: None, 400: NOT_GOOD})
    def post(self, request: Request) -> Response:
        """Set a new password by the token. Ends every session and every sign-in."""
        form = valid(NewPassword, request)
        link = queries.good_link(token=form["token"], purpose=Link.Purpose.RESET)
        if link is None:
            raise Refused(LinkRefused())
        check_password(form["password"], user=link.user)
        try:
            user = operations.reset_password(**form)
        except LinkRefused as error:
            raise Refused(error) from error
        AccountThrottle.forget(email=user.email)
        return Response(status=status.HTTP_204_NO_CONTENT)
