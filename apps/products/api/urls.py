from django.urls import path

from apps.products.api import views

app_name = "products-api"
urlpatterns = [
    path("", views.Products.as_view(), name="list"),
    path("categories/", views.Categories.as_view(), name="categories"),
    path("<slug:slug>/", views.ProductDetail.as_view(), name="detail"),
    path("<slug:slug>/reviews/", views.Reviews.as_view(), name="reviews"),
]
