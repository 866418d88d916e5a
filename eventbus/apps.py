from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.module_loading import autodiscover_modules


class EventbusConfig(AppConfig):
    name = "eventbus"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Load every app's events and handlers, so that the registry is complete."""
        from eventbus import checks  # noqa: F401  (registers the system checks)
        from eventbus.cursors import ensure_cursors_after_migrate

        autodiscover_modules("events")
        autodiscover_modules("handlers")
        post_migrate.connect(ensure_cursors_after_migrate, sender=self)
