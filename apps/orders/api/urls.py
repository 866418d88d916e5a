from django.urls import path

from apps.orders.api import staff, views

app_name = "orders-api"
urlpatterns = [
    path("", views.Orders.as_view(), name="list"),
    path("staff/", staff.AllOrders.as_view(), name="staff_list"),
    path("staff/<uuid:order_id>/", staff.AnyOrder.as_view(), name="staff_detail"),
    path("<uuid:order_id>/", views.OneOrder.as_view(), name="detail"),
    path("<uuid:order_id>/timeline/", views.Timeline.as_view(), name="timeline"),
    path("<uuid:order_id>/cancel/", views.Cancel.as_view(), name="cancel"),
    path("<uuid:order_id>/retry/", views.Retry.as_view(), name="retry"),
    path("<uuid:order_id>/ship/", staff.Ship.as_view(), name="ship"),
    path("<uuid:order_id>/deliver/", staff.Deliver.as_view(), name="deliver"),
]
