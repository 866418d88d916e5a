from django.apps import AppConfig


class InventoryConfig(AppConfig):
    name = "apps.inventory"
    label = "inventory"
    audit = "apps.inventory.audit"
    slots = {"order.staff": "apps.inventory.slots.order_staff"}
