from django.urls import path

from apps.payments import views

app_name = "payments"
urlpatterns = [
    path("card/", views.card, name="card"),
    path("challenges/<slug:challenge_id>/", views.challenge, name="challenge"),
]
