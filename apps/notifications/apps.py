from typing import Any

from django.apps import AppConfig
from django.conf import settings


class NotificationsConfig(AppConfig):
    name = "apps.notifications"
    label = "notifications"
    audit = "apps.notifications.audit"
    gauges = "apps.notifications.metrics.gauges"
    slots = {
        "account.links": "apps.notifications.slots.account_link",
        "order.staff": "apps.notifications.slots.order_staff",
    }

    @property
    def nav(self) -> list[dict[str, Any]]:
        """The mailbox is for development: it shows everybody's mail to anybody."""
        entry = {"label": "Mailbox", "url": "notifications:mailbox", "order": 90}
        return [entry] if settings.MAILBOX_PAGE else []
