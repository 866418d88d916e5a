from django.apps import AppConfig


class CartConfig(AppConfig):
    name = "apps.cart"
    label = "cart"
    audit = "apps.cart.audit"
    slots = {
        "header": "apps.cart.slots.header",
        "product.buy": "apps.cart.slots.buy",
        "order.again": "apps.cart.slots.again",
        "cart.link": "apps.cart.slots.link",
        "checkout.shipping": "apps.cart.slots.shipping",
    }
