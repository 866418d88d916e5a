"""Where the gateway tells by itself what became of a charge or refund."""

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.exceptions import APIException
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.payments import webhooks
from apps.payments.api.serializers import WebhookResultSerializer, WebhookSerializer


class NotTaken(APIException):
    """The message is not taken: nothing has changed, and the sender may try again."""

    status_code = status.HTTP_400_BAD_REQUEST


class WebhooksView(APIView):
    """Open to everybody; the signature says who sends."""

    authentication_classes = ()
    permission_classes = [AllowAny]

    @extend_schema(
        request=WebhookSerializer,
        responses=WebhookResultSerializer,
        parameters=[
            OpenApiParameter(
                webhooks.HEADER,
                str,
                OpenApiParameter.HEADER,
                required=True,
                description="`t=<seconds since 1970>,v1=<hex>`: the HMAC-SHA256 of `<t>.<body>`.",
            )
        ],
    )
    def post(self, request: Request) -> Response:
        """Take what the gateway tells by itself.

        200 with what the message was; 400 for one that is forged, stale or malformed. The
        signature is over the bytes, so the body is read here as it came."""
        try:
            result = webhooks.receive(
                body=request._request.body, signature=request.headers.get(webhooks.HEADER, "")
            )
        except webhooks.WebhookRefused as refusal:
            raise NotTaken(" ".join((refusal.__doc__ or "").split()), code=refusal.code) from None
        return Response({"result": result})
