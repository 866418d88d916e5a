"""3-D Secure for programs: look at a challenge, and answer it."""

from dataclasses import asdict
from typing import Any

from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import status
from rest_framework.exceptions import APIException, NotFound
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.payments import queries
from apps.payments.api.serializers import AnswerSerializer, ChallengeSerializer
from apps.payments.gateway import challenges

ANSWERED = {"approve": "approved", "deny": "denied"}


class ChallengeOver(APIException):
    """The first answer stands, and one that comes too late does not count."""

    status_code = status.HTTP_409_CONFLICT
    default_code = "challenge_over"
    default_detail = "This was answered already, or the time for it is over."


@method_decorator(never_cache, name="dispatch")
class ChallengeView(APIView):
    """The bank's question to the shopper (3-D Secure), open to whoever has its unguessable id."""

    authentication_classes = ()
    permission_classes = [AllowAny]

    @extend_schema(responses=ChallengeSerializer)
    def get(self, request: Request, challenge_id: str) -> Response:
        return Response(_shown(challenge_id))

    @extend_schema(
        request=AnswerSerializer,
        responses={
            200: ChallengeSerializer,
            409: OpenApiResponse(description="It was answered otherwise, or the time is over."),
        },
    )
    def post(self, request: Request, challenge_id: str) -> Response:
        """Answer the bank's question.

        200 with the challenge as it is then, also when the same answer came before; 409 when
        another one did, or the time for it is over.
        """
        sent = AnswerSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        answer = sent.validated_data["answer"]
        challenges.answer(challenge_id, approve=answer == "approve")
        shown = _shown(challenge_id)
        if shown["state"] != ANSWERED[answer]:
            raise ChallengeOver
        return Response(shown)


def _shown(challenge_id: str) -> dict[str, Any]:
    challenge = challenges.find(challenge_id)
    payment = queries.payment_of_challenge(challenge_id)
    if challenge is None or payment is None:
        raise NotFound
    shown = {**asdict(challenge), "order_id": payment.order_id}
    return dict(ChallengeSerializer(shown).data)
