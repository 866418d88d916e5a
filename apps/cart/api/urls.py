from django.urls import path

from apps.cart.api import views

urlpatterns = [
    path("", views.CartDetail.as_view()),
    path("lines/", views.Lines.as_view()),
    path("lines/<slug:sku>/", views.LineDetail.as_view()),
    path("accept/", views.Accept.as_view()),
    path("again/", views.AddAgain.as_view()),
    path("coupon/", views.CouponDetail.as_view()),
    path("delivery/", views.DeliveryList.as_view()),
    path("quote/", views.QuoteMaker.as_view()),
]
