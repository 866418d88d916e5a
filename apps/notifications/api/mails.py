"""The log of mails for staff's programs: what became of each, not what it says."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.generics import ListAPIView
from rest_framework.pagination import Cursor, CursorPagination
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework_simplejwt.models import TokenUser

from apps.notifications import queries
from apps.notifications.models import Notification


class SeesMails(BasePermission):
    """Staff with the permission that Django names "view notification"; where people are known by
    their token alone, all staff."""

    def has_permission(self, request: Request, view: Any) -> bool:
        user = request.user
        if not (user and user.is_staff):
            return False
        return isinstance(user, TokenUser) or bool(user.has_perm("notifications.view_notification"))


class MailFilters(serializers.Serializer):
    """Which mails."""

    order_id = serializers.UUIDField(required=False)
    state = serializers.ChoiceField(Notification.State.choices, required=False)
    kind = serializers.ChoiceField(Notification.Kind.choices, required=False)


class MailSerializer(serializers.ModelSerializer):
    """A mail without its text, which may hold links that open an order or an account."""

    class Meta:
        model = Notification
        fields = [
            *("id", "kind", "order_id", "recipient", "subject", "state", "attempts", "error"),
            *("created_at", "begun_at", "sent_at"),
        ]
        read_only_fields = fields


class NewestFirst(CursorPagination):
    ordering = "-id"

    def decode_cursor(self, request: Request) -> Cursor | None:
        """Refuses a forged position, which the database would choke on."""
        cursor = super().decode_cursor(request)
        if cursor and cursor.position is not None:
            try:
                serializers.UUIDField().run_validation(cursor.position)
            except ValidationError:
                raise NotFound(self.invalid_cursor_message) from None
        return cursor


@extend_schema_view(get=extend_schema(parameters=[MailFilters]))
class Mails(ListAPIView):
    """All mails, the newest first; only those that are all of what is asked for."""

    permission_classes = (SeesMails,)
    serializer_class = MailSerializer
    pagination_class = NewestFirst

    def get_queryset(self) -> QuerySet[Notification]:
        wanted = MailFilters(data=self.request.query_params.dict())
        wanted.is_valid(raise_exception=True)
        return queries.mails(**wanted.validated_data)
