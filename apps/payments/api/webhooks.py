"""Where the gateway tells by itself what became of a charge or refund."""

from rest_framework import status
from rest_framework.exceptions import APIException
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.payments import webhooks


class NotTaken(APIException):
    """The message is not taken: nothing has changed, and the sender may try again."""

    status_code = status.HTTP_400_BAD_REQUEST


class WebhooksView(APIView):
    """Open to everybody; the signature says who sends."""

    authentication_classes = ()
    permission_classes = [AllowAny]

    def post(self, request: Request) -> Response:
        """200 with what the message was; 400 for one that is forged, stale or malformed. The
        signature is over the bytes, so the body is read here as it came."""
        try:
            result = webhooks.receive(
                body=request._request.body, signature=request.headers.get(webhooks.HEADER, "")
            )
        except webhooks.WebhookRefused as refusal:
            raise NotTaken(" ".join((refusal.__doc__ or "").split()), code=refusal.code) from None
        return Response({"result": result})
