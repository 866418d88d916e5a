from django.apps import AppConfig


class InventoryConfig(AppConfig):
    name = "apps.inventory"
    label = "inventory"
    slots = {"order.staff": "apps.inventory.slots.order_staff"}
