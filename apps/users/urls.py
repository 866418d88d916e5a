from django.urls import path

from apps.users.views import account, addresses, links, signing

app_name = "users"
urlpatterns = [
    path("login/", signing.SignIn.as_view(), name="login"),
    path("logout/", signing.SignOut.as_view(), name="logout"),
    path("signup/", signing.sign_up, name="signup"),
    path("reset/", links.ask_reset, name="ask_reset"),
    path("reset/<str:token>/", links.reset_password, name="reset_password"),
    path("verify/<str:token>/", links.verify, name="verify"),
    path("me/", account.me, name="me"),
    path("me/verification/", account.ask_verification, name="ask_verification"),
    path("me/email/", account.change_email, name="change_email"),
    path("me/password/", account.change_password, name="change_password"),
    path("me/addresses/", addresses.addresses, name="addresses"),
    path("me/addresses/new/", addresses.add, name="add_address"),
    path("me/addresses/<uuid:address_id>/", addresses.edit, name="edit_address"),
    path("me/addresses/<uuid:address_id>/default/", addresses.make_default, name="make_default"),
    path("me/addresses/<uuid:address_id>/delete/", addresses.delete, name="delete_address"),
]
