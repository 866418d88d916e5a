from django.urls import path

from apps.payments.api import challenges, refunds, views, webhooks

app_name = "payments-api"
urlpatterns = [
    path("methods/", views.MethodsView.as_view(), name="methods"),
    path("challenges/<slug:challenge_id>/", challenges.ChallengeView.as_view(), name="challenge"),
    path("webhooks/", webhooks.WebhooksView.as_view(), name="webhooks"),
    path("<uuid:order_id>/refunds/", refunds.RefundsView.as_view(), name="refunds"),
]
