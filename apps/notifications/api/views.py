"""The API of notifications: /api/v1/notifications/."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.notifications import operations, queries
from apps.notifications.api.serializers import Preferences


@extend_schema(responses=Preferences)
class PreferencesView(APIView):
    """Which mails the signed-in person gets."""

    def get(self, request: Request) -> Response:
        """The optional kinds, and whether each is sent."""
        return Response(queries.preferences(str(request.user.pk)))

    @extend_schema(request=Preferences)
    def put(self, request: Request) -> Response:
        """Say yes or no to every kind."""
        return self._choose(request, partial=False)

    @extend_schema(request=Preferences)
    def patch(self, request: Request) -> Response:
        """Say yes or no to some kinds; the others stay as they are."""
        return self._choose(request, partial=True)

    def _choose(self, request: Request, *, partial: bool) -> Response:
        form = Preferences(data=request.data, partial=partial)
        form.is_valid(raise_exception=True)
        operations.choose(whose=str(request.user.pk), wanted=form.validated_data)
        return self.get(request)
