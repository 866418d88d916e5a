from django.urls import path

from apps.cart import views

app_name = "cart"
urlpatterns = [
    path("", views.cart, name="cart"),
    path("header/", views.header, name="header"),
    path("accept/", views.accept, name="accept"),
    path("coupon/", views.coupon, name="coupon"),
    path("coupon/remove/", views.remove_coupon, name="remove_coupon"),
    path("add/", views.add, name="add"),
    path("undo/", views.undo, name="undo"),
    path("again/", views.again, name="again"),
    path("lines/<slug:sku>/", views.update, name="update"),
    path("lines/<slug:sku>/remove/", views.remove, name="remove"),
]
