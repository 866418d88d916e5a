from django.urls import path

from apps.notifications.api import mails, views

urlpatterns = [
    path("mails/", mails.Mails.as_view()),
    path("preferences/", views.PreferencesView.as_view()),
]
