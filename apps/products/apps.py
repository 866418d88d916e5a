from django.apps import AppConfig


class ProductsConfig(AppConfig):
    name = "apps.products"
    label = "products"
    audit = "apps.products.audit"
    nav = [{"label": "Shop", "url": "products:list", "order": 10}]
    slots = {
        "home": "apps.products.slots.home",
        "search": "apps.products.slots.search",
        "article.sold_out": "apps.products.slots.sold_out",
    }
    sitemap = "products:sitemap"

    def ready(self) -> None:
        from apps.products import checks  # noqa: F401  (registers them)
