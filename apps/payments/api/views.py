"""POST a card, get a token for one order."""

from typing import Any

from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_variables
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import status
from rest_framework.authentication import SessionAuthentication
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.payments import calls
from apps.payments.api.serializers import CardSerializer, NewMethodSerializer
from apps.payments.gateway import CardRefused, GatewayUnavailable


class NoOwner(APIException):
    """A card is kept for somebody: sign in, or send the Cart-Token header of your cart."""

    status_code = status.HTTP_400_BAD_REQUEST
    default_code = "no_owner"
    default_detail = "Sign in, or send the Cart-Token header of your cart."


class GatewayDown(APIException):
    """The gateway does not answer, so no card was kept."""

    status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    default_code = "gateway_unavailable"
    default_detail = "Cards cannot be taken at the moment. Please try again."


@method_decorator(never_cache, name="dispatch")  # never_cache says no-store
class MethodsView(APIView):
    """Cards come in here and nowhere else. The page of a signed-in shopper posts too, so the
    session counts beside the tokens (and with it the check against forged requests)."""

    authentication_classes = (*APIView.authentication_classes, SessionAuthentication)
    permission_classes = [AllowAny]
    throttle_scope = "card"

    @extend_schema(
        request=CardSerializer,
        responses={201: NewMethodSerializer, 503: OpenApiResponse(description="Try again.")},
        auth=[{"jwtAuth": []}, {"cartToken": []}],  # type: ignore[list-item]
    )
    @method_decorator(sensitive_variables())
    def post(self, request: Request) -> Response:
        """A card becomes a token for one order.

        201 with the token; 400 by field when the card cannot be taken.
        """
        owner = request.get_owner()  # type: ignore[attr-defined]
        if owner is None:
            raise NoOwner
        return Response(_tokenise(owner, request.data), status=status.HTTP_201_CREATED)


@sensitive_variables()
def _tokenise(owner: str, data: Any) -> Any:
    sent = CardSerializer(data=data)
    sent.is_valid(raise_exception=True)
    try:
        method = calls.tokenise(owner=owner, card=sent.card())
    except CardRefused as refused:
        raise ValidationError({"number": [str(refused)]}) from refused
    except GatewayUnavailable as error:
        raise GatewayDown from error
    return NewMethodSerializer(method).data
