from django.urls import path

from apps.notifications.api import views

urlpatterns = [path("preferences/", views.PreferencesView.as_view())]
