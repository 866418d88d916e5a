from django.apps import AppConfig


class UsersConfig(AppConfig):
    name = "apps.users"
    label = "users"
    slots = {
        "header": "apps.users.slots.header",
        "checkout.addresses": "apps.users.slots.checkout_addresses",
        "checkout.default_address": "apps.users.slots.default_address",
    }
