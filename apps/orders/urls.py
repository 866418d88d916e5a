from django.urls import path

from apps.orders import views

app_name = "orders"
urlpatterns = [
    path("", views.mine, name="list"),
    path("checkout/", views.checkout, name="checkout"),
    path("checkout/address/", views.address, name="address"),
    path("checkout/shipping/", views.shipping, name="shipping"),
    path("checkout/payment/", views.payment, name="payment"),
    path("checkout/review/", views.review, name="review"),
    path("place/", views.place, name="place"),
    path("<uuid:order_id>/", views.detail, name="detail"),
    path("<uuid:order_id>/timeline/", views.timeline, name="timeline"),
    path("<uuid:order_id>/cancel/", views.cancel, name="cancel"),
    path("<uuid:order_id>/retry/", views.retry, name="retry"),
]
