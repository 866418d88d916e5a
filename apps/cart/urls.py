from django.urls import path

from apps.cart import views

app_name = "cart"
urlpatterns = [
    path("", views.cart, name="cart"),
    path("header/", views.header, name="header"),
    path("add/", views.add, name="add"),
    path("lines/<slug:sku>/", views.update, name="update"),
    path("lines/<slug:sku>/remove/", views.remove, name="remove"),
]
