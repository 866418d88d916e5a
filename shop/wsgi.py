"""The WSGI entry point. A server that imports it is about to serve, so the bus starts here."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")
application = get_wsgi_application()

from eventbus.thread import start_if_configured  # noqa: E402  (needs the apps loaded)

start_if_configured()
