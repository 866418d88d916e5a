from django.urls import path

from apps.products import views

app_name = "products"
urlpatterns = [
    path("", views.product_list, name="list"),
    path("c/<slug:slug>/", views.product_list, name="category"),
    path("suggest/", views.suggest, name="suggest"),
    path("sitemap.xml", views.sitemap, name="sitemap"),
    path("waiting/leave/<str:token>/", views.leave, name="leave"),
    path("waiting/<slug:sku>/", views.wait, name="wait"),
    path("pictures/<slug:name>.svg", views.picture, name="picture"),
    path("pictures/<slug:name>.png", views.painting, name="painting"),
    path("<slug:slug>/", views.product, name="product"),
    path("<slug:slug>/reviews/", views.reviews, name="reviews"),
]
