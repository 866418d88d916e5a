from django.apps import AppConfig


class ProductsConfig(AppConfig):
    name = "apps.products"
    label = "products"
    audit = "apps.products.audit"
    nav = [{"label": "Shop", "url": "products:list", "order": 10}]
