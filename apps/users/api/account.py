"""One's own account: password, e-mail, address book."""

from dataclasses import asdict
from typing import Any
from uuid import UUID

from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import status
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.users import operations, queries
from apps.users.api.reading import Refused, prove, signed_in, valid
from apps.users.api.serializers import (
    AddressSerializer,
    ChangedEmail,
    ChangedPassword,
    Email,
    TokenPair,
    check_password,
)
from apps.users.models import Address
from apps.users.operations import Place, TooManyAddresses
from apps.users.throttling import PASSWORD_AGAIN, MailThrottle

FULL = OpenApiResponse(description="The address book takes no more.")


class PasswordView(APIView):
    throttle_classes = PASSWORD_AGAIN

    @extend_schema(request=ChangedPassword, responses=TokenPair)
    def post(self, request: Request) -> Response:
        """Set a new password. Every session and every sign-in ends; go on with the new pair of
        tokens."""
        user, form = signed_in(request), valid(ChangedPassword, request)
        prove(user, form["current_password"])
        check_password(form["password"], user=user)
        user = operations.change_password(user_id=user.pk, password=form["password"])
        return Response(asdict(operations.start_family(user=user)))


class EmailView(APIView):
    throttle_classes = (*PASSWORD_AGAIN, MailThrottle)

    @extend_schema(request=ChangedEmail, responses={202: Email})
    def post(self, request: Request) -> Response:
        """Ask for another address. It becomes yours when you follow the link that is mailed to
        it; every new address is answered alike, whoever has it."""
        user, form = signed_in(request), valid(ChangedEmail, request)
        prove(user, form["current_password"])
        operations.request_email_change(user_id=user.pk, email=form["email"])
        return Response({"email": form["email"]}, status=status.HTTP_202_ACCEPTED)


class AddressesView(APIView):
    @extend_schema(responses=AddressSerializer(many=True))
    def get(self, request: Request) -> Response:
        """Your address book, the default first. There are few, so all are told at once."""
        book = queries.addresses_of(signed_in(request).pk)
        return Response(AddressSerializer(book, many=True).data)

    @extend_schema(request=AddressSerializer, responses={201: AddressSerializer, 409: FULL})
    def post(self, request: Request) -> Response:
        """A new address. The first one is the default."""
        form = valid(AddressSerializer, request)
        try:
            address = operations.add_address(user_id=signed_in(request).pk, **_wanted(form))
        except TooManyAddresses as error:
            raise Refused(error) from error
        return Response(AddressSerializer(address).data, status=status.HTTP_201_CREATED)


@extend_schema(responses=AddressSerializer)
class AddressView(APIView):
    """One of your own addresses; another is not found."""

    def get(self, request: Request, address_id: UUID) -> Response:
        """The address."""
        return Response(AddressSerializer(_own(request, address_id)).data)

    @extend_schema(request=AddressSerializer)
    def put(self, request: Request, address_id: UUID) -> Response:
        """The address written anew; what is left out is empty."""
        return self._write(request, address_id, partial=False)

    @extend_schema(request=AddressSerializer)
    def patch(self, request: Request, address_id: UUID) -> Response:
        """Some of the address written anew. `{"is_default": true}` lets it be offered first."""
        return self._write(request, address_id, partial=True)

    @extend_schema(responses={204: None})
    def delete(self, request: Request, address_id: UUID) -> Response:
        """Forget the address. Orders keep their copies."""
        if not operations.delete_address(user_id=signed_in(request).pk, address_id=address_id):
            raise NotFound
        return Response(status=status.HTTP_204_NO_CONTENT)

    def _write(self, request: Request, address_id: UUID, *, partial: bool) -> Response:
        before = _own(request, address_id)
        form = valid(AddressSerializer, request, partial=partial)
        kept = AddressSerializer(before).data if partial else {}
        wanted = _wanted({**kept, **form})
        operations.change_address(user_id=signed_in(request).pk, address_id=address_id, **wanted)
        return Response(AddressSerializer(_own(request, address_id)).data)


def _own(request: Request, address_id: UUID) -> Address:
    address = queries.address_of(signed_in(request).pk, address_id)
    if address is None:
        raise NotFound
    return address


def _wanted(form: dict[str, Any]) -> dict[str, Any]:
    parts = {name: form.get(name, "") for name in Place.__dataclass_fields__}
    return {"place": Place(**parts), "is_default": form.get("is_default", False)}
