from django.urls import path, re_path

from apps.inventory.api.views import Adjustments, Holds, Ledger, StockDetail, StockList

app_name = "inventory-api"
SKU = r"(?P<sku>[^/\x00]{1,64})"  # a NUL would be an error of the database, not a missing page
urlpatterns = [
    path("holds/", Holds.as_view(), name="holds"),
    path("ledger/", Ledger.as_view(), name="ledger"),
    path("stock/", StockList.as_view(), name="stock"),
    re_path(rf"^stock/{SKU}/$", StockDetail.as_view(), name="item"),
    re_path(rf"^stock/{SKU}/adjustments/$", Adjustments.as_view(), name="adjustments"),
]
