from django.urls import path

from apps.users.api import account, links, views

urlpatterns = [
    path("", views.UsersView.as_view()),
    path("token/", views.TokenView.as_view()),
    path("token/refresh/", views.RefreshView.as_view()),
    path("token/logout/", views.LogoutView.as_view()),
    path("verification/", links.VerificationView.as_view()),
    path("verification/confirm/", links.VerificationConfirmView.as_view()),
    path("password-reset/", links.ResetView.as_view()),
    path("password-reset/confirm/", links.ResetConfirmView.as_view()),
    path("me/", views.MeView.as_view()),
    path("me/email/", account.EmailView.as_view()),
    path("me/password/", account.PasswordView.as_view()),
    path("me/addresses/", account.AddressesView.as_view()),
    path("me/addresses/<uuid:address_id>/", account.AddressView.as_view()),
]
