from django.apps import AppConfig


class ProductsConfig(AppConfig):
    name = "apps.products"
    label = "products"
    nav = [{"label": "Shop", "url": "products:list", "order": 10}]
