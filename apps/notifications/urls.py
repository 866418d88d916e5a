from django.urls import path

from apps.notifications import views

app_name = "notifications"
urlpatterns = [
    path("mailbox/", views.mailbox, name="mailbox"),
    path("mailbox/<uuid:message_id>/", views.message, name="message"),
    path("mailbox/<uuid:message_id>/html/", views.message_html, name="message_html"),
]
