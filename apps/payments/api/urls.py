from django.urls import path

from apps.payments.api import views

app_name = "payments-api"
urlpatterns = [path("methods/", views.MethodsView.as_view(), name="methods")]
