"""The bench's project with the apps of the Python peers, which `uv run --with` brings."""

from bench.settings import *  # noqa: F403
from bench.settings import INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "procrastinate.contrib.django", "django_tasks_db"]
PROCRASTINATE_IMPORT_PATHS = ["bench.peer_tasks"]
TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend"}}
