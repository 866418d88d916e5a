from django.urls import path

from apps.products.api import views

urlpatterns = [
    path("", views.Products.as_view()),
    path("categories/", views.Categories.as_view()),
    path("<slug:slug>/", views.ProductDetail.as_view()),
]
