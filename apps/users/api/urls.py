from django.urls import path

from apps.users.api import views

urlpatterns = [
    path("", views.UsersView.as_view()),
    path("token/", views.TokenView.as_view()),
    path("token/refresh/", views.RefreshView.as_view()),
    path("token/logout/", views.LogoutView.as_view()),
    path("me/", views.MeView.as_view()),
]
