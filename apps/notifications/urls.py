from django.urls import path

from apps.notifications.views import mailbox, preferences

app_name = "notifications"
urlpatterns = [
    path("preferences/", preferences.preferences, name="preferences"),
    path("stop/<str:token>/", preferences.stop, name="stop"),
    path("mailbox/", mailbox.mailbox, name="mailbox"),
    path("mailbox/<uuid:message_id>/", mailbox.message, name="message"),
    path("mailbox/<uuid:message_id>/html/", mailbox.message_html, name="message_html"),
]
